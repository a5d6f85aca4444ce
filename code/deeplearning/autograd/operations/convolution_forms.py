"""How a convolution is computed: its three products, made so that little is copied and every run of memory is long.

A convolution couples three arrays, and one sum contains all three of its products:

.. math::
    L = \\sum_{n,k,i,c,r} \\Delta_{nki}\\, w_{kcr}\\, x_{n,c,\\,s i + d r - p}.

The factor of :math:`\\Delta` is the result (:func:`convolve`), the factor of :math:`w` the gradient of the weight
(:func:`weight_gradient`), and the factor of :math:`x` the gradient of the input (:func:`input_gradient`).

Shapes are PyTorch's, (N, C, H, W), but in memory the arrays made here are *rows*: (H, C, W, N), the batch last. What
one weight is multiplied with is then a run of at least N numbers, and a kernel's R rows of all channels lie below each
other like the rows of one matrix. So nothing is copied for the height of a kernel. For its width there are two ways:

- Unroll the width before the product: S copies of the image (:func:`unroll`), in place of the R · S that a matrix of
  all patches has. The product is then C · R · S deep, which a layer of few channels needs.
- Multiply first, with the weights of all S taps at once, and add up the S results, shifted (:func:`fold`). Nothing is
  copied. The gradient of the input is always made so, and with it the result of a layer of many channels, because a
  convolution of stride 1 is a transposed one with the kernel turned around.

A sequence (N, C, L) is an image of height 1; in a volume (N, C, D, H, W), the depth takes the part of the height.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from deeplearning.autograd.memory import empty
from deeplearning.autograd.threads import in_parallel

Array = np.ndarray
Sizes = tuple[int, ...]
# Channels · height of a kernel from which a product of matrices is deep enough without unrolling the width; measured.
DEEP = 64  # for the result
DEEP_WEIGHT = 16  # for the gradient of the weight
CACHE = 2**22  # bytes unrolled at a time: they shall be read again before they leave the cache


@dataclass(frozen=True)
class Geometry:
    """Where a kernel's taps meet an image: one entry for each spatial axis, and the number of groups.

    Tap r of the output i reads the input at ``stride``·i + ``dilation``·r − ``padding``, where ``padding`` holds how
    many zeros lie before and behind the image.
    """

    stride: Sizes
    padding: tuple[tuple[int, int], ...]
    dilation: Sizes
    groups: int = 1

    def output(self, size: Sizes, kernel: Sizes) -> Sizes:
        """Return how many positions the kernel has on an image of ``size``, along each axis.

        >>> Geometry((2,), ((1, 1),), (1,)).output((28,), (3,))
        (14,)
        """
        return tuple(
            (n + before + behind - d * (r - 1) - 1) // s + 1
            for n, (before, behind), r, s, d in zip(
                size, self.padding, kernel, self.stride, self.dilation, strict=True
            )
        )

    def turned(self, kernel: Sizes) -> "Geometry | None":
        """Return the geometry of the transposed convolution, with the kernel turned around, that does the same.

        It exists where the stride is 1 and no output reads zeros alone.
        """
        reach = [d * (r - 1) for d, r in zip(self.dilation, kernel, strict=True)]
        margins = zip(reach, self.padding, strict=True)
        padding = tuple((n - before, n - behind) for n, (before, behind) in margins)
        if max(self.stride) > 1 or min(before for before, _ in padding) < 0:
            return None
        return Geometry(self.stride, padding, self.dilation, self.groups)

    def with_height(self) -> "Geometry":
        """Return the same for images of height 1, in place of sequences."""
        return Geometry(
            (1, *self.stride), ((0, 0), *self.padding), (1, *self.dilation), self.groups
        )


def rows_first(x: Array) -> Array:
    """Return a view (H, C, W, N) of images (N, C, H, W).

    >>> rows_first(np.ones((2, 3, 5, 7))).shape
    (5, 3, 7, 2)
    """
    return x.transpose(2, 1, *range(3, x.ndim), 0)


def batch_first(x: Array) -> Array:
    """Return a view (N, C, H, W) of rows (H, C, W, N)."""
    return x.transpose(x.ndim - 1, 1, 0, *range(2, x.ndim - 1))


def pad(x: Array, margins: Sequence[tuple[int, int]], axes: Sequence[int]) -> Array:
    """Return rows with zeros around them, in one run of memory; where none are asked for, maybe ``x`` itself."""
    if not any(map(any, margins)) and x.flags.c_contiguous:
        return x
    shape = list(x.shape)
    inside: list[Any] = [slice(None)] * x.ndim
    for axis, (before, behind) in zip(axes, margins, strict=True):
        shape[axis] += before + behind
        inside[axis] = slice(before, before + x.shape[axis])
    whole = empty(tuple(shape), x.dtype)
    for axis, (before, behind) in zip(axes, margins, strict=True):
        edge = np.moveaxis(whole, axis, 0)
        edge[:before] = 0
        edge[len(edge) - behind :] = 0
    place = whole[tuple(inside)]

    def copy(rows: slice) -> None:
        place[rows] = x[rows]

    in_parallel(copy, len(x), x.size)
    return whole


def one_run(x: Array) -> Array:
    """Return rows that lie in one run of memory: ``x`` itself if it does, else a copy."""
    return pad(x, (), ())


def unroll(part: Array, kernel: Sizes, outputs: Sizes, geometry: Geometry) -> Array:
    """Copy rows of padded images once for every tap along the width: (groups, rows, taps, C / groups, Q · N).

    In the copy of tap s, place j holds what the output j reads there, the pixel ``stride``·j + ``dilation``·s.
    """
    height, channels, *_, batch = part.shape
    groups = geometry.groups
    row, channel, *axes, number = part.strides
    taps = [d * step for d, step in zip(geometry.dilation[1:], axes, strict=True)]
    places = [s * step for s, step in zip(geometry.stride[1:], axes, strict=True)]
    view = as_strided(
        part,
        (groups, height, *kernel[1:], channels // groups, *outputs[1:], batch),
        (channel * (channels // groups), row, *taps, channel, *places, number),
        writeable=False,
    )
    copy = empty(view.shape, part.dtype)
    copy[...] = view
    run = math.prod(outputs[1:]) * batch
    return copy.reshape(groups, height, math.prod(kernel[1:]), channels // groups, run)


def fold(z: Array, dx: Array, kernel: Sizes, outputs: Sizes, geometry: Geometry) -> None:
    """Add what belongs to every tap along the width to where :func:`unroll` took it from: the adjoint.

    z (rows, groups, taps, C / groups, Q · N) goes into dx, rows of images without padding (rows, C, W, N).
    """
    height, groups, _, channels, _ = z.shape
    size, batch = dx.shape[2:-1], dx.shape[-1]
    z = z.reshape(height, groups, *kernel[1:], channels, *outputs[1:], batch)
    target = dx.reshape(height, groups, channels, *size, batch)
    for tap in product(*map(range, kernel[1:])):
        origin: list[Any] = []
        place: list[Any] = []
        for axis, s in enumerate(tap, start=1):
            step, n = geometry.stride[axis], size[axis - 1]
            shift = geometry.dilation[axis] * s - geometry.padding[axis][0]
            low = max(0, -(shift // step))  # the first output that reads inside the image
            high = max(low, min(outputs[axis], (n - 1 - shift) // step + 1))
            origin.append(slice(low, high))
            place.append(slice(step * low + shift, step * high + shift, step))
        every: Any = slice(None)
        target[(..., *place, every)] += z[(every, every, *tap, ..., *origin, every)]


def stacked(rows: Array, first: int, count: int, depth: int, step: int = 1) -> Array:
    """Return a view (count, groups, depth · channels, run): ``count`` matrices of ``depth`` rows, ``step`` rows apart.

    ``rows`` is (groups, rows, …, channels, run), each row of a group one run of memory, so that rows one after the
    other are one matrix wherever it begins, and nothing has to be copied for the height of a kernel.
    """
    part = rows[:, first:]
    group, row, *_, channel, number = part.strides
    shape = count, len(part), depth * math.prod(part.shape[2:-1]), part.shape[-1]
    return as_strided(part, shape, (step * row, group, channel, number), writeable=False)


def in_blocks(rows: slice, size: int) -> Iterator[slice]:
    """Cut rows, each of which takes ``size`` bytes, into parts that fit into the cache."""
    many = max(1, CACHE // max(1, size))
    for first in range(rows.start, rows.stop, many):
        yield slice(first, min(first + many, rows.stop))


def what_is_read(
    whole: Array, rows: slice, kernel: Sizes, outputs: Sizes, geometry: Geometry
) -> Iterator[tuple[slice, slice, Array]]:
    """Yield output rows, all taps along the width, and what they read: (rows, groups, depth · taps · C, Q · N).

    The depth is the rows under the kernel: its height, and the rows between its taps where it is dilated.
    """
    step, depth = geometry.stride[0], geometry.dilation[0] * (kernel[0] - 1) + 1
    size = step * whole[:1].nbytes * math.prod(kernel[1:])
    for block in in_blocks(rows, size):
        under = whole[step * block.start : step * (block.stop - 1) + depth]
        unrolled = unroll(under, kernel, outputs, geometry)
        yield block, slice(None), stacked(unrolled, 0, block.stop - block.start, depth, step)


def what_each_tap_reads(
    whole: Array, rows: slice, kernel: Sizes, outputs: Sizes, geometry: Geometry
) -> Iterator[tuple[slice, slice, Array]]:
    """Yield output rows and each tap along the width by itself, whose numbers lie ready: nothing is copied.

    For images (H, C, W, N), one group and no stride: tap s reads Q · N numbers in one run, from ``dilation``·s on.
    """
    depth, run = geometry.dilation[0] * (kernel[0] - 1) + 1, outputs[1] * whole.shape[-1]
    number = whole.itemsize
    channel = math.prod(whole.shape[2:]) * number
    row = len(whole[0]) * channel
    shape = rows.stop - rows.start, 1, depth * whole.shape[1], run
    for s in range(kernel[1]):
        begin = whole[rows.start :, :, geometry.dilation[1] * s :]
        read = as_strided(begin, shape, (row, 0, channel, number), writeable=False)
        yield rows, slice(s, s + 1), read


def padded_rows(x: Array, geometry: Geometry) -> Array:
    """Return images (N, C, H, W) as rows (H, C, W, N) with their padding."""
    return pad(rows_first(x), geometry.padding, (0, *range(2, x.ndim - 1)))


def convolve(
    x: Array, weight: Array, bias: Array | None, geometry: Geometry, outputs: Sizes | None = None
) -> Array:
    r"""Return :math:`y_{nki} = b_k + \sum_{c,r} w_{kcr}\, x_{n,c,si+dr-p}`; x (N, C, …), weight (K, C / groups, …).

    ``outputs`` asks for fewer positions i than there are.
    """
    kernel, groups, K = weight.shape[2:], geometry.groups, len(weight)
    outputs = outputs or geometry.output(x.shape[2:], kernel)
    if x.ndim == 3:
        x, weight, geometry = x[:, :, None], weight[:, :, None], geometry.with_height()
        return convolve(x, weight, bias, geometry, (1, *outputs))[:, :, 0]
    turned = geometry.turned(kernel) if is_deep(weight, geometry, DEEP) else None
    if turned is not None:
        around = np.flip(weight, tuple(range(2, weight.ndim))).swapaxes(0, 1)
        return input_gradient(x, around, bias, outputs, turned)
    whole, matrix = padded_rows(x, geometry), matrix_of(weight, geometry)
    matrix = matrix.reshape(groups, K // groups, math.prod(matrix.shape[2:]))
    y = empty((outputs[0], K, *outputs[1:], len(x)), np.result_type(x, weight))
    products = y.reshape(outputs[0], groups, K // groups, math.prod(y.shape[2:]))

    def some(rows: slice) -> None:
        for block, _, read in what_is_read(whole, rows, kernel, outputs, geometry):
            np.matmul(matrix, read, out=products[block])
            if bias is not None:  # now, while the block is in the cache
                products[block] += bias.reshape(groups, -1, 1)

    in_parallel(some, outputs[0], y.size)
    return batch_first(y)


def is_deep(weight: Array, geometry: Geometry, least: int) -> bool:
    """Whether the products of matrices are deep enough, channels · height of the kernel, not to need unrolling."""
    plain = geometry.groups == 1 and max(geometry.stride) == 1
    return plain and weight.shape[1] * weight.shape[2] >= least


def weight_gradient(x: Array, dy: Array, kernel: Sizes, geometry: Geometry) -> Array:
    r"""Return :math:`\sum_{n,i} \Delta_{nki}\, x_{n,c,si+dr-p}`, of shape (K, C / groups, …)."""
    groups, outputs, K = geometry.groups, dy.shape[2:], dy.shape[1]
    if x.ndim == 3:
        x, dy, geometry = x[:, :, None], dy[:, :, None], geometry.with_height()
        return weight_gradient(x, dy, (1, *kernel), geometry)[:, :, 0]
    whole, delta = padded_rows(x, geometry), one_run(rows_first(dy))
    delta = delta.reshape(outputs[0], groups, K // groups, math.prod(delta.shape[2:]))
    like = np.zeros((K, x.shape[1] // groups, *kernel), dy.dtype)
    deep = x.ndim == 4 and is_deep(like, geometry, DEEP_WEIGHT)
    reading = what_each_tap_reads if deep else what_is_read
    shape = matrix_of(like, geometry).shape

    def some(rows: slice) -> Array:
        total = np.zeros(shape, dy.dtype)
        for block, taps, read in reading(whole, rows, kernel, outputs, geometry):
            # The longer side of the result first: to the BLAS that is up to twice as fast as the transposed product.
            share = np.matmul(read, delta[block].swapaxes(-1, -2)).sum(axis=0).swapaxes(-1, -2)
            total[:, :, :, taps] += share.reshape(total[:, :, :, taps].shape)
        return total

    total = np.sum(in_parallel(some, outputs[0], dy.size), axis=0)
    # From (groups, K / groups, depth, taps of the width, C / groups), without the rows between the taps of the height.
    return np.moveaxis(total[:, :, :: geometry.dilation[0]], -1, 2).reshape(K, -1, *kernel)


def input_gradient(
    dy: Array, weight: Array, bias: Array | None, size: Sizes, geometry: Geometry
) -> Array:
    r"""Return :math:`\sum_{k,r} w_{kcr}\, \Delta_{nki}` added up at :math:`si+dr-p`: shape (N, C, \*size).

    As a layer, the transposed convolution, it has a bias :math:`b_c`; as a gradient it has none.
    """
    groups, outputs, kernel, K = geometry.groups, dy.shape[2:], weight.shape[2:], len(weight)
    if dy.ndim == 3:
        dy, weight, geometry = dy[:, :, None], weight[:, :, None], geometry.with_height()
        return input_gradient(dy, weight, bias, (1, *size), geometry)[:, :, 0]
    channels, taps = weight.shape[1], math.prod(kernel[1:])
    matrix, reach = adjoint_matrix_of(weight, geometry)
    delta, run = one_run(rows_first(dy)), math.prod(outputs[1:]) * len(dy)
    delta = delta.reshape(outputs[0], groups, K // groups, run).swapaxes(0, 1)
    delta = np.ascontiguousarray(delta)  # a group's rows below each other
    dx = empty((size[0], groups * channels, *size[1:], len(dy)), np.result_type(dy, weight))
    # Rows of the padded image are made `step` at a time; those of tile b are reached by the rows b - reach to b of dy.
    step, before = geometry.stride[0], geometry.padding[0][0]
    first_tile, tiles = before // step, -(-(before + size[0]) // step)

    def some(part: slice) -> None:
        # What all taps along the width send back, for one tile after the other.
        z = empty((groups, step * taps * channels, run), dx.dtype)
        for b in range(first_tile + part.start, first_tile + part.stop):
            begin, end = max(before, step * b), min(before + size[0], step * (b + 1))
            target = dx[begin - before : end - before]
            target[...] = 0 if bias is None else bias.reshape(-1, *(1,) * (dx.ndim - 2))
            low, high = max(0, b - reach), min(b + 1, outputs[0])  # above and below there is no row
            if low < high:
                above = delta[:, low:high].reshape(groups, (high - low) * (K // groups), run)
                np.matmul(
                    matrix[:, :, low - b + reach : high - b + reach].reshape(*z.shape[:2], -1),
                    above,
                    out=z,
                )
                tile = z.reshape(groups, step, taps, channels, run).swapaxes(0, 1)
                fold(tile[begin - step * b : end - step * b], target, kernel, outputs, geometry)

    in_parallel(some, tiles - first_tile, dx.size)
    return batch_first(dx)


def matrix_of(weight: Array, geometry: Geometry) -> Array:
    """Return the weight as (groups, K / groups, depth, taps along the width, C / groups).

    Where the height is dilated, the rows between two taps get zeros.
    """
    channels, R, *width = weight.shape[1:]
    step = geometry.dilation[0]
    taps = weight.reshape(geometry.groups, -1, channels, R, math.prod(width))
    matrix = np.zeros((*taps.shape[:2], step * (R - 1) + 1, taps.shape[4], channels), weight.dtype)
    matrix[:, :, ::step] = np.moveaxis(taps, 2, -1)
    return matrix


def adjoint_matrix_of(weight: Array, geometry: Geometry) -> tuple[Array, int]:
    """Return the matrix (groups, stride · taps · C / groups, reach + 1, K / groups) that leads back, and the reach.

    Tap r of the output row i falls on row ``stride``·i + ``dilation``·r of the padded image. In tiles of ``stride``
    rows, that is row e of tile i + m, where m and e are quotient and remainder of ``dilation``·r by the stride. The
    largest m is the reach: a tile gets something from that many rows before its own.
    """
    channels, R, *width = weight.shape[1:]
    groups, step, dilation = geometry.groups, geometry.stride[0], geometry.dilation[0]
    taps = weight.reshape(groups, -1, channels, R, math.prod(width))
    reach = dilation * (R - 1) // step
    shape = groups, step, taps.shape[4], channels, reach + 1, taps.shape[1]
    matrix = np.zeros(shape, weight.dtype)
    for r in range(R):
        m, e = divmod(dilation * r, step)
        matrix[:, e, :, :, reach - m] = taps[:, :, :, r].transpose(0, 3, 2, 1)
    return matrix.reshape(groups, math.prod(shape[1:4]), *shape[4:]), reach
