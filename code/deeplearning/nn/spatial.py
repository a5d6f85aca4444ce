"""Convolutions as functions, under PyTorch's names and with PyTorch's meaning."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from deeplearning.autograd import Tensor, apply
from deeplearning.autograd.operations.convolution import Convolution, ConvolutionTranspose
from deeplearning.autograd.operations.convolution_forms import Geometry

Size = int | Sequence[int]
AXES = ("L", "H, W", "D, H, W")


def is_integer(value: Any) -> bool:
    """Whether a value is a whole number; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def per_axis(name: str, argument: str, value: Any, dims: int, least: int = 0) -> tuple[int, ...]:
    """Return ``value``, a number or one number for each of ``dims`` axes, as a tuple.

    ``ValueError`` unless all are integers from ``least`` on.

    >>> per_axis("conv2d", "stride", 2, 2)
    (2, 2)
    """
    given: Any = (value,) * dims if is_integer(value) else value
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given) in (1, dims):
        numbers = tuple(given) * (dims if len(given) == 1 else 1)
        if all(is_integer(n) and int(n) >= least for n in numbers):
            return tuple(int(n) for n in numbers)
    what = f"one integer or {dims}" if dims > 1 else "one integer"
    raise ValueError(f"{name}: {argument}={value!r}; give {what}, each at least {least}")


def conv1d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1,
    padding: Size | str = 0, dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    r"""Slide kernels along sequences: :math:`y_{nki} = b_k + \sum_{c,r} w_{kcr}\, x_{n,c,\,si+dr-p}`.

    x (N, C, L), weight (K, C / groups, R), result (N, K, P); everything else as in :func:`conv2d`.

    >>> from deeplearning.autograd import tensor
    >>> conv1d(tensor([[[1.0, 2.0, 4.0, 8.0]]]), tensor([[[-1.0, 1.0]]])).tolist()  # differences
    [[[1.0, 2.0, 4.0]]]
    """
    return _convolve("conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1,
    padding: Size | str = 0, dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    r"""Slide kernels over images: :math:`y_{nkij} = b_k + \sum_{c,r,t} w_{kcrt}\, x_{n,c,\,si+dr-p,\,sj+dt-p}`.

    x (N, C, H, W), or one image (C, H, W); weight (K, C / groups, R, S); bias (K,); result (N, K, P, Q) with
    P = ⌊(H + 2p − d(R − 1) − 1) / s⌋ + 1. ``stride`` s, ``padding`` p and ``dilation`` d are numbers, or one for each
    axis; ``padding`` may also be "valid" (0) or "same" (as large as the input, with stride 1). With ``groups``, inputs
    and outputs fall into as many groups of equal size that do not see each other. ``ValueError`` for what does not fit.

    In memory the result has its images last, so ``reshape`` copies it. Zeros between the taps of a dilated kernel are
    multiplied too: an infinite number under them gives NaN, where PyTorch passes it by.

    >>> from deeplearning.autograd import ones
    >>> conv2d(ones(1, 1, 3, 3), ones(1, 1, 3, 3), padding=1).tolist()[0][0]
    [[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]
    """
    return _convolve("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1,
    padding: Size | str = 0, dilation: Size = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    r"""Slide kernels through volumes or films.

    x (N, C, D, H, W), weight (K, C / groups, T, R, S), result (N, K, O, P, Q); everything else as in :func:`conv2d`.

    >>> from deeplearning.autograd import ones
    >>> conv3d(ones(1, 2, 4, 5, 6), ones(3, 2, 3, 3, 3)).shape
    (1, 3, 2, 3, 4)
    """
    return _convolve("conv3d", 3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Size = 1, padding: Size = 0,
    output_padding: Size = 0, groups: int = 1, dilation: Size = 1,
) -> Tensor:  # fmt: skip
    r"""Lay a kernel down at every pixel, scaled by it, and add up: the adjoint of :func:`conv2d`.

    x (N, K, P, Q), or one image (K, P, Q); weight (K, C / groups, R, S); bias (C,); result (N, C, H, W) with
    H = (P − 1)s − 2p + d(R − 1) + 1 + ``output_padding``: the size of the images that :func:`conv2d` with the same
    numbers makes (P, Q) of. Several sizes H lead to the same P; ``output_padding``, below the stride or the dilation,
    chooses among them. ``ValueError`` for what does not fit :cite:`dumoulin2016`.

    >>> from deeplearning.autograd import ones
    >>> conv_transpose2d(ones(1, 1, 2, 2), ones(1, 1, 2, 2), stride=2).shape
    (1, 1, 4, 4)
    """
    name = "conv_transpose2d"
    image, weight_sizes = _check(name, 2, x, weight, groups)
    s, p = per_axis(name, "stride", stride, 2, 1), per_axis(name, "padding", padding, 2)
    d, extra = (
        per_axis(name, "dilation", dilation, 2, 1),
        per_axis(name, "output_padding", output_padding, 2),
    )
    if any(e >= max(a, b) for e, a, b in zip(extra, s, d, strict=True)):
        raise ValueError(
            f"{name}: output_padding={output_padding!r} with stride={stride!r} and dilation={dilation!r}; it chooses "
            "among the sizes that a stride leaves open, so give less than the stride or the dilation"
        )
    if image.shape[1] != weight.shape[0] or weight.shape[0] % groups:
        raise ValueError(
            f"{name}: an input of shape {x.shape} and a weight of shape {weight.shape} in {groups} group(s); the input "
            "has as many channels as the weight's first axis is long, and groups divides them"
        )
    _check_bias(name, bias, groups * weight.shape[1], x.dtype)
    size = tuple(
        (n - 1) * s[i] - 2 * p[i] + d[i] * (r - 1) + 1 + extra[i]
        for i, (n, r) in enumerate(zip(image.shape[2:], weight_sizes, strict=True))
    )
    if min(size) < 1:
        raise ValueError(
            f"{name}: the result would have the size {size}, from an input of shape {x.shape}, a weight of shape "
            f"{weight.shape}, stride={stride!r} and padding={padding!r}; give less padding or a larger input"
        )
    geometry = Geometry(s, tuple((n, n) for n in p), d, groups)
    return _run(ConvolutionTranspose(geometry, size), x, image, weight, bias)


def _convolve(
    name: str, dims: int, x: Tensor, weight: Tensor, bias: Tensor | None, stride: Size,
    padding: Size | str, dilation: Size, groups: int,
) -> Tensor:  # fmt: skip
    image, kernel = _check(name, dims, x, weight, groups)
    s = per_axis(name, "stride", stride, dims, 1)
    d = per_axis(name, "dilation", dilation, dims, 1)
    zeros = zeros_around(name, padding, kernel, s, d)
    if image.shape[1] != groups * weight.shape[1] or weight.shape[0] % groups:
        raise ValueError(
            f"{name}: an input of shape {x.shape} and a weight of shape {weight.shape} in {groups} group(s); the input "
            "has groups times as many channels as the weight's second axis is long, and groups divides the first"
        )
    _check_bias(name, bias, weight.shape[0], x.dtype)
    geometry = Geometry(s, zeros, d, groups)
    if min(geometry.output(image.shape[2:], kernel)) < 1:
        raise ValueError(
            f"{name}: the kernel {kernel}, dilation={dilation!r}, is larger than the images {image.shape[2:]} with "
            f"padding={padding!r}; give larger images, a smaller kernel or more padding"
        )
    return _run(Convolution(geometry), x, image, weight, bias)


def zeros_around(
    name: str, padding: Size | str, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[tuple[int, int], ...]:  # fmt: skip
    """Return how many zeros ``padding`` asks for before and behind the image, along each axis.

    >>> zeros_around("conv1d", "same", (4,), (1,), (1,))
    ((1, 2),)
    """
    if not isinstance(padding, str):
        return tuple((n, n) for n in per_axis(name, "padding", padding, len(kernel)))
    if padding not in ("same", "valid"):
        raise ValueError(f"{name}: padding={padding!r}; give integers, 'same' or 'valid'")
    if padding == "same" and max(stride) > 1:
        raise ValueError(
            f"{name}: padding='same' with stride={tuple(stride)}; a stride makes the result smaller whatever the "
            "padding, so give integers"
        )
    total = [d * (r - 1) if padding == "same" else 0 for d, r in zip(dilation, kernel, strict=True)]
    return tuple((n // 2, n - n // 2) for n in total)  # the odd zero comes last, as in PyTorch


def _check(
    name: str, dims: int, x: Tensor, weight: Tensor, groups: int
) -> tuple[Tensor, tuple[int, ...]]:
    """Return the input with a batch axis, and the kernel's size."""
    axes = AXES[dims - 1]
    for argument, value in (("input", x), ("weight", weight)):
        if not isinstance(value, Tensor):
            raise ValueError(f"{name}: the {argument} is a {type(value).__name__}; give a Tensor")
    if x.ndim not in (dims + 1, dims + 2) or x.dtype.kind != "f":
        raise ValueError(
            f"{name}: an input of shape {x.shape} and {x.dtype}; give floats (N, C, {axes}) or (C, {axes})"
        )
    if weight.ndim != dims + 2 or min(weight.shape) < 1:
        kernel = ("R", "R, S", "T, R, S")[dims - 1]
        raise ValueError(
            f"{name}: a weight of shape {weight.shape}; give {dims + 2} axes that are not empty, "
            f"(outputs, inputs / groups, {kernel}) for a convolution, (inputs, outputs / groups, {kernel}) for a "
            "transposed one"
        )
    if x.dtype != weight.dtype:
        raise ValueError(
            f"{name}: an input of {x.dtype} and a weight of {weight.dtype}; give one dtype, by x.astype(...) or "
            "module.double()"
        )
    if not is_integer(groups) or groups < 1:
        raise ValueError(f"{name}: groups={groups!r}; give a positive integer")
    image = x if x.ndim == dims + 2 else x.reshape(1, *x.shape)
    if min(image.shape[1:]) < 1:
        raise ValueError(f"{name}: an input of shape {x.shape}; only the number of images may be 0")
    return image, weight.shape[2:]


def _check_bias(name: str, bias: Tensor | None, outputs: int, dtype: Any) -> None:
    if bias is None:
        return
    if not isinstance(bias, Tensor):
        raise ValueError(
            f"{name}: the bias is {bias!r}; give a Tensor or None, and the stride by name, stride={bias!r}"
        )
    if bias.shape != (outputs,) or bias.dtype != dtype:
        raise ValueError(
            f"{name}: a bias of shape {bias.shape} and {bias.dtype} for {outputs} output channels; "
            f"give ({outputs},) of {dtype}"
        )


def _run(operation: Any, x: Tensor, image: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    operands = (image, weight) if bias is None else (image, weight, bias)
    y = apply(operation, *operands)
    return y if image is x else y.reshape(y.shape[1:])
