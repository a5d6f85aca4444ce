"""The shape of a convolution: its sizes, strides and padding, checked once, for the forward and the backward side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepkernels.check import require

OP = "conv2d"
Pair = tuple[int, int]
LIMIT = 2**31 - 2**10  # 32 bits, less a tile that may reach beyond the end


@dataclass(frozen=True)
class Geometry:
    r"""Sizes of a convolution in the letters that kernels use.

    .. math::
        y_{n,k,p,q} = \sum_{r,s,c} x_{n,\,g C' + c,\,p\,u + r\,d - a,\,q\,u + s\,d - a}\; w_{k,c,r,s},
        \qquad C' = C/\text{groups},\quad g = \lfloor k\,\text{groups}/K\rfloor

    with stride u, dilation d and padding a, each a pair (along the height, along the width); x is zero outside.

    ``N`` images of ``C`` channels, ``H`` × ``W`` pixels; ``K`` output channels of ``P`` × ``Q`` pixels; a window of
    ``R`` × ``S``. ``padding`` is what lies above and left of the image. What lies below and right follows from P and Q,
    so that ``padding="same"`` with an even window, which pads one more there, needs nothing else.
    """

    N: int
    C: int
    H: int
    W: int
    K: int
    R: int
    S: int
    P: int
    Q: int
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    @classmethod
    def of(
        cls,
        x_shape: Sequence[int],
        weight_shape: Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
    ) -> Geometry:
        """Check the arguments of ``conv2d`` and compute the size of its result.

        Args:
            x_shape: (N, C, H, W).
            weight_shape: (K, C / groups, R, S).
            stride, dilation: a positive integer, or a pair for height and width.
            padding: an integer, a pair, "valid" (none) or "same" (P = H and Q = W, with stride 1).
            groups: C and K are split into so many parts, which see only each other.

        Raises:
            ValueError: for shapes that do not fit, or a window that is larger than the padded image.

        >>> Geometry.of((2, 3, 224, 224), (64, 3, 7, 7), stride=2, padding=3).y_shape
        (2, 64, 112, 112)
        >>> Geometry.of((1, 4, 5, 5), (4, 3, 3, 3))
        Traceback (most recent call last):
            ...
        ValueError: conv2d: weight is (4, 3, 3, 3) for x of 4 channels and groups=1; give it 4 channels (K, 4, R, S)
        """
        for name, shape, letters in (
            ("x", x_shape, "N, C, H, W"),
            ("weight", weight_shape, "K, C/groups, R, S"),
        ):
            require(
                OP,
                len(shape) == 4,
                f"{name} has shape {tuple(shape)}; give four dimensions ({letters})",
            )
        N, C, H, W = x_shape
        K, channels, R, S = weight_shape
        whole = isinstance(groups, int) and groups > 0
        require(OP, whole, f"groups={groups!r}; give a positive integer")
        for name, size, letter in (("x", C, "C"), ("weight", K, "K")):
            require(
                OP,
                size > 0 and size % groups == 0,
                f"{name} has {letter} = {size}, groups={groups}; give a positive multiple of groups",
            )
        require(
            OP,
            channels == C // groups,
            f"weight is {tuple(weight_shape)} for x of {C} channels and groups={groups}; "
            f"give it {C // groups} channels (K, {C // groups}, R, S)",
        )
        require(OP, R > 0 and S > 0, f"weight has a window of {R} x {S}; give at least 1 x 1")
        u, d = pair("stride", stride), pair("dilation", dilation)
        (a, P), (b, Q) = (
            _along(padding, size, window, step, spread, axis)
            for axis, (size, window, step, spread) in enumerate(
                ((H, R, u[0], d[0]), (W, S, u[1], d[1]))
            )
        )
        require(
            OP,
            P > 0 and Q > 0,
            f"a window of {R} x {S} with dilation {d} is larger than x of {H} x {W} with padding {padding!r}; "
            "give a larger image, more padding or a smaller window",
        )
        geometry = cls(N, C, H, W, K, R, S, P, Q, u, (a, b), d, groups)
        # Kernels address inside one image, and count output pixels, by 32 bits; offsets of images take 64.
        for what, count in (
            ("an image of x", C * H * W),
            ("an image of the result", K * P * Q),
            ("the weight", K * channels * R * S),
            ("one channel of the result over the whole batch", N * P * Q),
        ):
            require(OP, count < LIMIT, f"{what} has {count} elements; give fewer than {LIMIT}")
        return geometry

    @property
    def x_shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W)."""
        return self.N, self.C, self.H, self.W

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """(K, C / groups, R, S)."""
        return self.K, self.channels, self.R, self.S

    @property
    def y_shape(self) -> tuple[int, int, int, int]:
        """(N, K, P, Q)."""
        return self.N, self.K, self.P, self.Q

    @property
    def channels(self) -> int:
        """Input channels that one group sees, C / groups."""
        return self.C // self.groups

    @property
    def features(self) -> int:
        """Output channels that one group computes, K / groups."""
        return self.K // self.groups

    @property
    def pixels(self) -> int:
        """Output pixels of the whole batch, N · P · Q."""
        return self.N * self.P * self.Q

    @property
    def pointwise(self) -> bool:
        """Whether it is a matrix product as it stands: a 1 × 1 window that meets every pixel once."""
        return (
            self.R == self.S == 1
            and self.stride == (1, 1)
            and self.groups == 1
            and (self.padding, self.P, self.Q) == ((0, 0), self.H, self.W)
        )

    @property
    def depthwise(self) -> bool:
        """Whether every group has one input channel (and K / C output channels)."""
        return self.groups == self.C

    @property
    def terms(self) -> int:
        """How many products make one element of the result."""
        return self.R * self.S * self.channels

    @property
    def flops(self) -> int:
        """Floating-point operations, a multiplication and an addition a term; padding counts as if computed.

        >>> Geometry.of((1, 2, 4, 4), (3, 2, 3, 3)).flops
        432
        """
        return 2 * self.pixels * self.K * self.terms

    def bytes(self, size: int) -> int:
        """Bytes that must move at the least, each element of x, weight and result once, at ``size`` bytes each."""
        x = self.N * self.C * self.H * self.W
        return size * (x + self.K * self.terms + self.pixels * self.K)


def pair(name: str, value: int | Sequence[int], least: int = 1) -> Pair:
    """Return an integer or a pair as a pair.

    >>> pair("stride", 2), pair("stride", (1, 2))
    ((2, 2), (1, 2))
    """
    # PyTorch takes sequences of one element as well.
    values = [value] * 2 if not isinstance(value, Sequence) else [*value] * (3 - len(value))
    kind = "positive integer" if least else "non-negative integer"
    require(
        OP,
        len(values) == 2
        and not isinstance(value, str)
        and all(_integer(v) and v >= least for v in values),
        f"{name}={value!r}; give a {kind} or a pair of them",
    )
    return values[0], values[1]


def _integer(value: object) -> bool:
    # torch.SymInt is an integer that torch.compile does not know yet; True and False are none.
    return (isinstance(value, int) and not isinstance(value, bool)) or type(
        value
    ).__name__ == "SymInt"


def _along(
    padding: int | Sequence[int] | str, size: int, window: int, step: int, spread: int, axis: int
) -> tuple[int, int]:
    """Return the padding before the first pixel, and the result's size, along one axis."""
    reach = spread * (window - 1)
    if padding == "same":
        require(
            OP,
            step == 1,
            f'padding="same" with stride {step}; give stride 1 or the padding as integers',
        )
        return reach // 2, size
    before = 0 if padding == "valid" else _padding(padding)[axis]
    return before, (size + 2 * before - reach - 1) // step + 1


def _padding(padding: int | Sequence[int] | str) -> Pair:
    require(
        OP,
        not isinstance(padding, str),
        f'padding={padding!r}; give an integer, a pair, "same" or "valid"',
    )
    return pair("padding", padding, least=0)  # type: ignore[arg-type]
