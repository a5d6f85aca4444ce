r"""``max_pool2d`` and ``avg_pool2d``: PyTorch's meaning, our kernels, differentiable.

.. math::
    y_{n,c,p,q} = \max_{r,s} x_{n,c,\,p u + r d - a,\,q u + s d - a}
    \qquad\text{or}\qquad
    y_{n,c,p,q} = \frac1D \sum_{r,s} x_{n,c,\,p u + r - a,\,q u + s - a}

with stride u, dilation d, padding a and divisor D. Images have PyTorch's shape, (N, C, H, W), and lie in memory
channels last; others are copied into that format first. Results are channels last.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from deepkernels import check
from deepkernels.pool2d import launches
from deepkernels.pool2d.window import Window

LIMIT = 2**31 - 2**10  # 32 bits, less a tile that may reach beyond the end


def max_pool2d(
    x: torch.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
) -> torch.Tensor:
    """Return the maximum of every window, (N, C, P, Q), as ``torch.nn.functional.max_pool2d`` does.

    Where maxima are equal, the gradient goes to the first, by rows; NaN counts as larger than any number.

    Args:
        x: (N, C, H, W).
        kernel_size, stride, padding, dilation: an integer, or a pair for height and width; ``stride=None`` is the size
            of the window, padding is smaller than any number.
        ceil_mode: also take a last window that reaches beyond the image, if it begins inside.

    Raises:
        ValueError: for arguments that are none of these, or an image on which no window fits.

    >>> x = torch.arange(16.0).reshape(1, 1, 4, 4).requires_grad_()
    >>> y = max_pool2d(x, 2)
    >>> y.tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    >>> y.sum().backward()
    >>> x.grad.nonzero()[:, 2:].tolist()
    [[1, 1], [1, 3], [3, 1], [3, 3]]
    """
    window = Window.of("max_pool2d", kernel_size, stride, padding, dilation, ceil_mode)
    _check("max_pool2d", x, window)
    indexed = torch.is_grad_enabled() and x.requires_grad
    return _maximum(x, *_numbers(window), window.ceil_mode, indexed)[0]


def avg_pool2d(
    x: torch.Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> torch.Tensor:
    """Return the mean of every window, (N, C, P, Q), as ``torch.nn.functional.avg_pool2d`` does.

    Args:
        x: (N, C, H, W).
        kernel_size, stride, padding: an integer, or a pair for height and width; padding is zero.
        ceil_mode: also take a last window that reaches beyond the image, if it begins inside.
        count_include_pad: divide by all pixels of a window, padding too, and not by those of the image alone.
        divisor_override: divide by this positive integer instead.

    Raises:
        ValueError: for arguments that are none of these, or an image on which no window fits.

    >>> avg_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    window = Window.of("avg_pool2d", kernel_size, stride, padding, 1, ceil_mode)
    _check("avg_pool2d", x, window)
    check.require(
        "avg_pool2d",
        divisor_override is None or (isinstance(divisor_override, int) and divisor_override > 0),
        f"divisor_override={divisor_override!r}; give a positive integer or None",
    )
    divisor = divisor_override or 0
    return _average(x, *_numbers(window)[:3], window.ceil_mode, bool(count_include_pad), divisor)


def _check(op: str, x: torch.Tensor, window: Window) -> None:
    check.tensors(op, x=x)
    check.require(
        op, x.dim() == 4, f"x has shape {tuple(x.shape)}; give four dimensions (N, C, H, W)"
    )
    N, C, H, W = x.shape
    P, Q = window.size(H, W)
    check.require(
        op,
        P > 0 and Q > 0,
        f"a window of {window.reach} is larger than x of {H} x {W} with padding {window.padding}; "
        "give a larger image, more padding or a smaller window",
    )
    # Kernels address inside one image, and count pixels, by 32 bits; offsets of images take 64.
    check.require(
        op,
        C * H * W < LIMIT and C * P * Q < LIMIT and N * H * W < LIMIT and N * P * Q < LIMIT,
        f"x has shape {tuple(x.shape)}; give an image, and a channel of the batch, fewer than {LIMIT} elements",
    )


def _numbers(window: Window) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return a window as arguments of an operator, which takes tensors and numbers only."""
    return list(window.kernel), list(window.stride), list(window.padding), list(window.dilation)


def _window(
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    ceil_mode: bool,
) -> Window:
    (r, s), (u, v), (a, b), (d, e) = kernel, stride, padding, dilation
    return Window((r, s), (u, v), (a, b), (d, e), ceil_mode)


def _channels_last(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous(memory_format=torch.channels_last)


def _empty(
    like: torch.Tensor, size: Sequence[int], dtype: torch.dtype | None = None
) -> torch.Tensor:
    """Return channels-last memory for an image of another size with the same batch and channels."""
    return torch.empty(
        (*like.shape[:2], *size),
        dtype=dtype or like.dtype,
        device=like.device,
        memory_format=torch.channels_last,
    )


def _index(x: torch.Tensor, window: Window, size: Sequence[int], indexed: bool) -> torch.Tensor:
    # A tap of any usual window fits into one byte.
    taps = window.kernel[0] * window.kernel[1]
    dtype = torch.int8 if taps <= 2**7 else torch.int32
    return _empty(x, size, dtype) if indexed else x.new_empty(0, dtype=dtype)


@torch.library.custom_op("deepkernels::max_pool2d", mutates_args=())
def _maximum(
    x: torch.Tensor,
    kernel_size: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    ceil_mode: bool,
    indexed: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the maxima and, if ``indexed``, the tap of each in its window; otherwise an empty tensor."""
    window = _window(kernel_size, stride, padding, dilation, ceil_mode)
    size = window.size(*x.shape[2:])
    y, index = _empty(x, size), _index(x, window, size, indexed)
    pointers = _channels_last(x), y, index if indexed else None
    launches.run("maximum", pointers, x, y, window)
    return y, index


@_maximum.register_fake
def _(x, kernel_size, stride, padding, dilation, ceil_mode, indexed):
    window = _window(kernel_size, stride, padding, dilation, ceil_mode)
    size = window.size(*x.shape[2:])
    return _empty(x, size), _index(x, window, size, indexed)


@torch.library.custom_op("deepkernels::max_pool2d_backward", mutates_args=())
def maximum_backward(
    dy: torch.Tensor,
    index: torch.Tensor,
    kernel_size: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    size: list[int],
) -> torch.Tensor:
    window = _window(kernel_size, stride, padding, dilation, False)
    dx = _empty(dy, size)
    launches.run("maximum_backward", (_channels_last(dy), index, dx), dx, dy, window)
    return dx


@maximum_backward.register_fake
def _(dy, index, kernel_size, stride, padding, dilation, size):
    return _empty(dy, size)


def _keep_index(ctx, inputs, output):
    x, *ctx.window, _, ctx.indexed = inputs
    ctx.size = list(x.shape[2:])
    ctx.save_for_backward(output[1])
    ctx.mark_non_differentiable(output[1])


def _send_to_maxima(ctx, dy, _):
    check.require(
        "max_pool2d",
        ctx.indexed,
        "the gradient needs the maxima's places; call it with indexed=True",
    )
    (index,) = ctx.saved_tensors
    return maximum_backward(dy, index, *ctx.window, ctx.size), *[None] * 6


_maximum.register_autograd(_send_to_maxima, setup_context=_keep_index)


@torch.library.custom_op("deepkernels::avg_pool2d", mutates_args=())
def _average(
    x: torch.Tensor,
    kernel_size: list[int],
    stride: list[int],
    padding: list[int],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int,
) -> torch.Tensor:
    """Return the means; ``divisor`` 0 stands for the number of pixels."""
    window = _window(kernel_size, stride, padding, (1, 1), ceil_mode)
    y = _empty(x, window.size(*x.shape[2:]))
    launches.run(
        "average", (_channels_last(x), y), x, y, window,
        COUNT_PADDING=count_include_pad, DIVISOR=divisor,
    )  # fmt: skip
    return y


@_average.register_fake
def _(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor):
    window = _window(kernel_size, stride, padding, (1, 1), ceil_mode)
    return _empty(x, window.size(*x.shape[2:]))


@torch.library.custom_op("deepkernels::avg_pool2d_backward", mutates_args=())
def _average_backward(
    dy: torch.Tensor,
    kernel_size: list[int],
    stride: list[int],
    padding: list[int],
    count_include_pad: bool,
    divisor: int,
    size: list[int],
) -> torch.Tensor:
    window = _window(kernel_size, stride, padding, (1, 1), False)
    dx = _empty(dy, size)
    launches.run(
        "average_backward", (_channels_last(dy), dx), dx, dy, window,
        COUNT_PADDING=count_include_pad, DIVISOR=divisor,
    )  # fmt: skip
    return dx


@_average_backward.register_fake
def _(dy, kernel_size, stride, padding, count_include_pad, divisor, size):
    return _empty(dy, size)


def _keep_size(ctx, inputs, output):
    x, *ctx.window, _, ctx.count_include_pad, ctx.divisor = inputs
    ctx.size = list(x.shape[2:])


def _share_out(ctx, dy):
    dx = _average_backward(dy, *ctx.window, ctx.count_include_pad, ctx.divisor, ctx.size)
    return dx, *[None] * 6


_average.register_autograd(_share_out, setup_context=_keep_size)
