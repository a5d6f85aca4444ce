"""The window of a pooling: its arguments checked once, and the size of what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepkernels.check import require
from deepkernels.launch import cdiv

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """``kernel`` × pixels that lie ``dilation`` apart, moved by ``stride`` over an image with ``padding`` around it.

    Every field but ``ceil_mode`` is a pair, (along the height, along the width).
    """

    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    ceil_mode: bool

    @classmethod
    def of(
        cls,
        op: str,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        ceil_mode: bool = False,
    ) -> Window:
        """Check the arguments of a pooling, as PyTorch has them; ``stride=None`` is the size of the window.

        Raises:
            ValueError: for numbers that are not positive integers (padding: not negative), or padding of more than half
                a window, which would make windows with nothing in them.

        >>> Window.of("max_pool2d", 3, 2, 1).size(112, 112)
        (56, 56)
        >>> Window.of("max_pool2d", 2, padding=2)
        Traceback (most recent call last):
            ...
        ValueError: max_pool2d: padding=(2, 2) for a window of (2, 2); give at most half of it
        """
        kernel = _pair(op, "kernel_size", kernel_size)
        spread = _pair(op, "dilation", dilation)
        around = _pair(op, "padding", padding, least=0)
        step = kernel if stride is None else _pair(op, "stride", stride)
        require(
            op,
            all(2 * a <= r for a, r in zip(around, kernel, strict=True)),
            f"padding={around} for a window of {kernel}; give at most half of it",
        )
        return cls(kernel, step, around, spread, bool(ceil_mode))

    @property
    def reach(self) -> Pair:
        """Pixels from the first to the last of a window, both included."""
        (r, s), (d, e) = self.kernel, self.dilation
        return d * (r - 1) + 1, e * (s - 1) + 1

    @property
    def covering(self) -> Pair:
        """How many windows can cover one pixel at most, along the height and along the width.

        >>> Window.of("max_pool2d", 3, 2).covering, Window.of("max_pool2d", 2).covering
        ((2, 2), (1, 1))
        """
        return cdiv(self.reach[0], self.stride[0]), cdiv(self.reach[1], self.stride[1])

    def size(self, height: int, width: int) -> Pair:
        """Return the size of the result, (P, Q), for an image of H × W; 0 or less where no window fits."""
        return self._along(height, 0), self._along(width, 1)

    def _along(self, size: int, axis: int) -> int:
        step, around = self.stride[axis], self.padding[axis]
        free = size + 2 * around - self.reach[axis]
        if not self.ceil_mode:
            return free // step + 1
        count = cdiv(free, step) + 1
        # A last window that would begin beyond the image, in the padding, is left out.
        return count - 1 if (count - 1) * step >= size + around else count


def _pair(op: str, name: str, value: int | Sequence[int], least: int = 1) -> Pair:
    # PyTorch takes sequences of one element as well.
    values = [value] * 2 if not isinstance(value, Sequence) else [*value] * (3 - len(value))
    kind = "positive integer" if least else "non-negative integer"
    require(
        op,
        len(values) == 2
        and all(isinstance(v, int) and not isinstance(v, bool) and v >= least for v in values),
        f"{name}={value!r}; give a {kind} or a pair of them",
    )
    return values[0], values[1]
