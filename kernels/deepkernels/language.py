"""What several kernels share on the device: the tile product, activations, the order of tiles."""

import torch
import triton
import triton.language as tl

from deepkernels.launch import interpreted

# Triton's interpreter multiplies bfloat16 tiles wrongly (their bits are taken for integers), so there, and only
# there, operands are widened first. A float64 accumulator exists in the interpreter alone, for gradcheck.
WIDEN = tl.constexpr(interpreted())


def accumulator(dtype: torch.dtype) -> tl.dtype:
    """Return the type in which kernels add up: float32, and float64 for float64, which the interpreter alone takes.

    >>> accumulator(torch.bfloat16).name
    'fp32'
    """
    return tl.float64 if dtype == torch.float64 else tl.float32


@triton.jit
def dot(a, b, acc, PRECISION: tl.constexpr):
    r"""Return acc + a b for tiles a (M, K), b (K, N), acc (M, N).

    ``PRECISION`` is "tf32" (10 bits of mantissa, on tensor cores) or "ieee" (full float32); it matters for float32
    operands only.
    """
    if WIDEN:
        return tl.dot(
            a.to(acc.dtype), b.to(acc.dtype), acc, input_precision="ieee", out_dtype=acc.dtype
        )
    else:
        return tl.dot(a, b, acc, input_precision=PRECISION)


@triton.jit
def sigmoid(x):
    r"""Return :math:`1/(1+e^{-x})`, by the exponential of a number that is never positive."""
    small = tl.exp(-tl.abs(x))
    return tl.where(x >= 0, 1.0, small) / (1.0 + small)


@triton.jit
def tanh(x):
    r"""Return :math:`\tanh x = \operatorname{sign}(x)\,(1 - e^{-2|x|})/(1 + e^{-2|x|})`."""
    small = tl.exp(-2.0 * tl.abs(x))
    magnitude = (1.0 - small) / (1.0 + small)
    return tl.where(x >= 0, magnitude, -magnitude)


@triton.jit
def activate(x, ACTIVATION: tl.constexpr):
    """Apply "none", "relu", "tanh" or "sigmoid" to every element; ReLU keeps NaN, as PyTorch's does."""
    if ACTIVATION == "relu":
        x = tl.where(x < 0.0, 0.0, x)
    elif ACTIVATION == "tanh":
        x = tanh(x)
    elif ACTIVATION == "sigmoid":
        x = sigmoid(x)
    return x


@triton.jit
def activation_gradient(dy, y, ACTIVATION: tl.constexpr):
    r"""Return :math:`\partial L/\partial z` from :math:`\partial L/\partial y` and the result y = φ(z) itself."""
    if ACTIVATION == "relu":
        dy = tl.where(y > 0.0, dy, 0.0)
    elif ACTIVATION == "tanh":
        dy = dy * (1.0 - y * y)
    elif ACTIVATION == "sigmoid":
        dy = dy * (y * (1.0 - y))
    return dy


@triton.jit
def grouped(program, tiles_m, tiles_n, GROUP: tl.constexpr):
    """Return the tile (row, column) of a program so that programs that run together share rows and columns.

    Programs walk down ``GROUP`` rows of tiles before they take the next column: the tiles of A and B that a wave of
    programs reads then fit into the L2 cache together.
    """
    in_group = GROUP * tiles_n
    first = (program // in_group) * GROUP
    rows = min(tiles_m - first, GROUP)
    return first + (program % in_group) % rows, (program % in_group) // rows
