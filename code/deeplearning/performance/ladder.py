"""The rungs of the convolution ladder: what each computes with, what it moves, and how it is put to the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deeplearning.performance import convolution, layers, machine
from deeplearning.performance.contest import Contender
from deeplearning.performance.roofline import Work

HERE = "deeplearning.performance.ladder"


@dataclass(frozen=True)
class Shape:
    """A convolution with square kernels and stride 1.

    Args:
        batch, channels, height, width: N, C, H, W of the input.
        outputs, kernel: K output channels, kernels of `kernel` × `kernel`.
        padding: zeros on every side.

    >>> Shape(1, 2, 5, 5, 3, 3, 1).multiply_adds
    1350
    """

    batch: int = 8
    channels: int = 64
    height: int = 28
    width: int = 28
    outputs: int = 64
    kernel: int = 3
    padding: int = 1

    @property
    def taps(self) -> int:
        """Weights of one kernel, C·R·S: the terms of one output."""
        return self.channels * self.kernel**2

    @property
    def rows(self) -> int:
        """Output rows P."""
        return self.height + 2 * self.padding - self.kernel + 1

    @property
    def pixels(self) -> int:
        """Outputs of one channel of one image, P·Q."""
        return self.rows * (self.width + 2 * self.padding - self.kernel + 1)

    @property
    def multiply_adds(self) -> int:
        """Multiplications, each with its addition: half of the operations."""
        return self.batch * self.outputs * self.pixels * self.taps

    @property
    def least(self) -> Work:
        """The work that no way of computing can avoid: every array once."""
        return layers.convolution(**asdict(self))

    def data(self, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw an input (N, C, H, W) and a weight (K, C, R, S), float32."""
        draw = np.random.default_rng(seed)
        x = (self.batch, self.channels, self.height, self.width)
        weight = (self.outputs, self.channels, self.kernel, self.kernel)
        return draw.standard_normal(x, np.float32), draw.standard_normal(weight, np.float32)


def _padded(shape: Shape) -> int:
    side = 2 * shape.padding
    images = shape.batch * shape.channels
    return images * shape.height * shape.width + images * (shape.height + side) * (
        shape.width + side
    )


def _in_loops(shape: Shape) -> int:
    return 4 * shape.multiply_adds  # weight, input and sum are read, the sum is written


def _in_windows(shape: Shape) -> int:
    product = shape.outputs * shape.taps
    each = 3 * product + shape.taps + 3 * shape.outputs  # multiply, add up, store
    return _padded(shape) + shape.batch * shape.pixels * each


def _in_taps(shape: Shape) -> int:
    plane = shape.batch * shape.pixels
    each = shape.outputs + plane + 4 * shape.outputs * plane  # multiply, then add to y
    return _padded(shape) + shape.taps * each


def _as_patches(shape: Shape) -> int:
    patches = shape.taps * shape.batch * shape.pixels
    result = shape.outputs * shape.batch * shape.pixels
    return _padded(shape) + 3 * patches + shape.outputs * shape.taps + result


def _as_shifts(shape: Shape) -> int:
    length = shape.rows * (shape.width + shape.padding)
    image = 2 * shape.channels * shape.height * shape.width
    product = shape.outputs * shape.taps + shape.outputs * length
    each = image + 3 * shape.taps * length + product + 2 * shape.outputs * shape.pixels
    return 2 * shape.outputs * shape.taps + shape.batch * each


def _as_tap_products(shape: Shape) -> int:
    length = shape.rows * (shape.width + shape.padding)
    image = 2 * shape.channels * shape.height * shape.width
    product = (shape.outputs + shape.channels) * length + shape.outputs * shape.channels
    number = shape.kernel**2
    each = image + number * product + 3 * (number - 1) * shape.outputs * length
    return 2 * shape.outputs * shape.taps + shape.batch * (each + 2 * shape.outputs * shape.pixels)


def _batch_last(shape: Shape) -> int:
    run = shape.batch * shape.pixels // shape.rows
    product = (shape.outputs + shape.channels) * run + shape.outputs * shape.channels
    number = shape.kernel**2
    each = number * product + 3 * (number - 1) * shape.outputs * run + 2 * shape.outputs * run
    return _padded(shape) + 2 * shape.outputs * shape.taps + shape.rows * each


@dataclass(frozen=True)
class Rung:
    """One way to convolve.

    Args:
        name: for figures and tables.
        function: x, weight, padding → y.
        moved: numbers that its array operations read and write, every operand once for each operation.
        batch_last: whether x is (C, H, W, N) and y (K, P, Q, N).
    """

    name: str
    function: Callable[..., np.ndarray]
    moved: Callable[[Shape], int]
    batch_last: bool = False

    def work(self, shape: Shape) -> Work:
        """The convolution's operations with this rung's own bytes."""
        return Work(shape.least.operations, float(layers.FLOAT * self.moved(shape)))

    def on(self, shape: Shape, seed: int = 0) -> Callable[[], np.ndarray]:
        """Return what convolves random data of that shape once."""
        x, weight = shape.data(seed)
        if self.batch_last:
            x = np.ascontiguousarray(x.transpose(1, 2, 3, 0))
        return lambda: self.function(x, weight, shape.padding)


RUNGS = {
    rung.function.__name__: rung
    for rung in (
        Rung("Python loops", convolution.loops, _in_loops),
        Rung("window by window", convolution.windows, _in_windows),
        Rung("tap by tap", convolution.taps, _in_taps),
        Rung("im2col, rows", convolution.im2col, _as_patches),
        Rung("im2col, columns", convolution.columns, _as_patches),
        Rung("shifts, one image", convolution.shifts, _as_shifts),
        Rung("a product a tap", convolution.tap_products, _as_tap_products),
        Rung("batch last", convolution.batch_last, _batch_last, batch_last=True),
    )
}


def make_rung(rung: str, shape: dict[str, int], seed: int = 0) -> Callable[[], Any]:
    """Make a contender of one of `RUNGS`.

    Raises:
        ValueError: an unknown rung.

    >>> make_rung("loops", {"batch": 1, "channels": 1, "height": 3, "width": 3, "outputs": 1})().shape
    (1, 1, 3, 3)
    """
    if rung not in RUNGS:
        raise ValueError(f"ladder: rung is one of {', '.join(RUNGS)}; got {rung!r}")
    return RUNGS[rung].on(Shape(**shape), seed)


def make_torch(shape: dict[str, int], seed: int = 0) -> Callable[[], Any]:
    """Make PyTorch's convolution a contender."""
    import torch  # here, so that the other contenders' processes do not load it

    torch.set_grad_enabled(False)
    of = Shape(**shape)
    x, weight = map(torch.from_numpy, of.data(seed))
    return lambda: torch.nn.functional.conv2d(x, weight, padding=of.padding)


def make_product(side: int) -> Callable[[], Any]:
    """Make NumPy's square matrix product a contender."""
    return machine.product(side)[1]


def make_torch_product(side: int) -> Callable[[], Any]:
    """Make PyTorch's square matrix product a contender."""
    import torch

    torch.set_grad_enabled(False)
    a, b = (torch.randn(side, side, generator=torch.Generator().manual_seed(0)) for _ in range(2))
    c = torch.empty(side, side)
    return lambda: torch.mm(a, b, out=c)


def make_update(working_set: int) -> Callable[[], Any]:
    """Make an update in place a contender."""
    return machine.update(working_set)[1]


def rung(name: str, shape: Shape, seed: int = 0) -> Contender:
    """Return a rung, or `"torch"`, as a contender for `contest`."""
    arguments: dict[str, Any] = {"shape": asdict(shape), "seed": seed}
    if name == "torch":
        return Contender(f"{HERE}:make_torch", arguments)
    return Contender(f"{HERE}:make_rung", {"rung": name, **arguments})


def roofs(side: int, near: int, far: int) -> dict[str, Contender]:
    """Return the contenders that measure roofs.

    Args:
        side: of the square products, by NumPy's library and by PyTorch's.
        near, far: bytes of the arrays that are updated in place, one in a cache, one beyond it.
    """
    return {
        "product": Contender(f"{HERE}:make_product", {"side": side}),
        "torch product": Contender(f"{HERE}:make_torch_product", {"side": side}),
        "near": Contender(f"{HERE}:make_update", {"working_set": near}),
        "far": Contender(f"{HERE}:make_update", {"working_set": far}),
    }
