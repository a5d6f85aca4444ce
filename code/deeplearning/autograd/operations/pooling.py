"""Pooling: every window of an image becomes one number, its maximum or its average.

The loops run over the places inside a window, four for 2 × 2; each step takes one place of all windows at once, as a
strided view. The last axes are those that are pooled, one for each length of the window, so that each class serves
rows of sound and images alike.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from deeplearning.autograd.memory import axes_in_memory, empty
from deeplearning.autograd.operation import Array, Operation
from deeplearning.autograd.threads import in_parallel

Lengths = tuple[int, ...]
Index = tuple[Any, ...]


class _Window(Operation):
    """What the two kinds of pooling share: a window, its steps, and a margin around the image."""

    shape: Lengths  # of the images
    axes: Sequence[int]  # of the images, in the order of memory

    def __init__(self, kernel: Lengths, stride: Lengths, padding: Lengths) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def _counts(self, lengths: Lengths) -> Lengths:
        """Return how many windows fit along each pooled axis."""
        return tuple(
            (n + 2 * p - k) // s + 1
            for n, k, s, p in zip(lengths, self.kernel, self.stride, self.padding, strict=True)
        )

    def _places(self, counts: Lengths) -> list[Index]:
        """Return for each place in the window the index that takes it from every window."""
        return [
            (
                ...,
                *(
                    slice(i, i + s * (m - 1) + 1, s)
                    for i, s, m in zip(place, self.stride, counts, strict=True)
                ),
            )
            for place in np.ndindex(self.kernel)
        ]

    def _padded(self, x: Array, value: float) -> Array:
        """Return ``x`` with a margin of ``value`` along the pooled axes; itself, if the margin is 0."""
        if not any(self.padding):
            return x
        room = np.full_like(x, value, shape=self._room(x.shape))
        room[self._inside(x.shape)] = x
        return room

    def _room(self, shape: Lengths) -> Lengths:
        first = len(shape) - len(self.kernel)
        grown = (n + 2 * p for n, p in zip(shape[first:], self.padding, strict=True))
        return (*shape[:first], *grown)

    def _inside(self, shape: Lengths) -> Index:
        lengths = shape[len(shape) - len(self.kernel) :]
        return (..., *(slice(p, p + n) for n, p in zip(lengths, self.padding, strict=True)))

    def _by_channels(self, work: Callable[..., None], *arrays: Array) -> None:
        """Call ``work`` on the same channels of all arrays, some for each thread."""
        every: Index = (slice(None),) * len(self.kernel)

        def some(channels: slice) -> None:
            chosen: Index = (..., channels, *every)
            work(*(array[chosen] for array in arrays))

        channels = arrays[0].shape[arrays[0].ndim - len(every) - 1]
        in_parallel(some, channels, arrays[0].size)

    @property
    def _tiled(self) -> bool:
        """Whether the windows cover every place of the image once."""
        lengths = self.shape[len(self.shape) - len(self.kernel) :]
        fits = all(n % k == 0 for n, k in zip(lengths, self.kernel, strict=True))
        return fits and self.kernel == self.stride and not any(self.padding)

    def _gradient(self, dtype: Any) -> Array:
        """Return room for the gradient of the padded image: zeros to add to, unless every place is written once."""
        dx = empty(self._room(self.shape), dtype, self.axes)
        if not self._tiled:
            dx[...] = 0
        return dx

    def _add(self, dx: Array, place: Index, part: Array) -> None:
        if self._tiled:
            dx[place] = part
        else:
            dx[place] += part


class MaxPool(_Window):
    r"""The largest number of every window: :math:`y_i = \max_{u} x_{i s + u}`; its gradient goes to the winner alone.

    .. math::
        \frac{\partial L}{\partial x_j} = \sum_{i\,:\,j \text{ won window } i} \frac{\partial L}{\partial y_i}

    Of equal numbers the first wins, as in PyTorch. x (…, \*lengths), windows of ``kernel`` places, ``stride`` apart,
    over x with ``padding`` places of :math:`-\infty` on each side; y has
    :math:`\lfloor(\text{length} + 2\,\text{padding} - \text{kernel})/\text{stride}\rfloor + 1` places along each
    of these axes. A gradient that is NaN or infinite becomes NaN at the losers of its window too.
    """

    def forward(self, x: Array) -> Array:
        self.shape, self.axes = x.shape, axes_in_memory(x)
        self.places = self._places(self._counts(x.shape[x.ndim - len(self.kernel) :]))
        padded = self._padded(x, -np.inf)
        y = empty(padded[self.places[0]].shape, x.dtype, self.axes)
        # For each place but the first: where it is larger than all before it.
        remembered = self.places[1:] if self.needs[0] else []
        self.larger = [empty(y.shape, bool, self.axes) for _ in remembered]
        self._by_channels(self._compete, padded, y, *self.larger)
        return y

    def _compete(self, x: Array, y: Array, *larger: Array) -> None:
        y[...] = x[self.places[0]]
        for number, place in enumerate(self.places[1:]):
            if larger:
                np.greater(x[place], y, out=larger[number])
            np.maximum(y, x[place], out=y)

    def backward(self, dy: Array) -> Array:
        dx, rest = self._gradient(dy.dtype), empty(dy.shape, dy.dtype, self.axes)
        self._by_channels(self._hand_out, dx, dy, rest, *self.larger)
        return dx[self._inside(self.shape)]

    def _hand_out(self, dx: Array, dy: Array, rest: Array, *larger: Array) -> None:
        rest[...] = dy
        for place, won in zip(self.places[:0:-1], larger[::-1], strict=True):
            # The last place that is larger than all before it has won, and to those before it nothing is left.
            if self._tiled:
                part = np.multiply(rest, won, out=dx[place])
            else:
                part = rest * won
                dx[place] += part
            rest -= part
        self._add(dx, self.places[0], rest)


class AvgPool(_Window):
    r"""The mean of every window: :math:`y_i = \frac1n \sum_u x_{i s + u}`; each of the n gets 1/n of the gradient.

    .. math::
        \frac{\partial L}{\partial x_j}
        = \frac1n \sum_{i\,:\,j \text{ lies in window } i} \frac{\partial L}{\partial y_i}

    n is the number of places in the window; with ``count_include_pad=False`` places of the margin are not counted.
    Shapes are those of :class:`MaxPool`; the margin is 0.
    """

    def __init__(
        self, kernel: Lengths, stride: Lengths, padding: Lengths, count_include_pad: bool = True
    ) -> None:
        super().__init__(kernel, stride, padding)
        self.count_include_pad = count_include_pad

    def forward(self, x: Array) -> Array:
        self.shape, self.axes = x.shape, axes_in_memory(x)
        lengths = x.shape[x.ndim - len(self.kernel) :]
        counts = self._counts(lengths)
        self.places = self._places(counts)
        self.share = self._share(lengths, counts, x.dtype)
        padded = self._padded(x, 0)
        y = empty(padded[self.places[0]].shape, x.dtype, self.axes)
        y[...] = padded[self.places[0]]
        for place in self.places[1:]:
            y += padded[place]
        y *= self.share
        return y

    def backward(self, dy: Array) -> Array:
        part = np.multiply(dy, self.share, out=empty(dy.shape, dy.dtype, self.axes))
        dx = self._gradient(dy.dtype)
        for place in self.places:
            self._add(dx, place, part)
        return dx[self._inside(self.shape)]

    def _share(self, lengths: Lengths, counts: Lengths, dtype: np.dtype) -> Array | float:
        """Return 1/n, a number, or an array where windows differ in how much of the image they see."""
        if self.count_include_pad or not any(self.padding):
            return 1 / math.prod(self.kernel)
        seen = self._padded(np.ones(lengths, dtype), 0)
        return 1 / sum(seen[place] for place in self._places(counts))


def _parts(lengths: Lengths, counts: Lengths) -> Iterator[tuple[Index, Index]]:
    """Yield the index of every cell of a grid of ``counts`` cells, and of the part of the image that it stands for.

    Along an axis of n places, cell i of m is from ⌊i n/m⌋ up to, not including, ⌈(i + 1) n/m⌉.
    """
    for cell in np.ndindex(counts):
        borders = (
            slice(i * n // m, -(-(i + 1) * n // m))
            for i, n, m in zip(cell, lengths, counts, strict=True)
        )
        yield (..., *cell), (..., *borders)


class AdaptiveAvgPool(Operation):
    r"""The mean of each of ``counts`` parts of an image, whatever its size: the windows adapt, not the result.

    Along an axis of n places, part i of m has the places :math:`\lfloor i n/m \rfloor` to
    :math:`\lceil (i+1) n/m \rceil - 1`, so that parts may overlap in one place. The gradient of a part is shared
    equally by its places. x (…, \*lengths), y (…, \*counts).
    """

    def __init__(self, counts: Lengths) -> None:
        self.counts = counts

    def forward(self, x: Array) -> Array:
        first = x.ndim - len(self.counts)
        self.shape, self.lengths = x.shape, x.shape[first:]
        y = np.empty_like(x, shape=(*x.shape[:first], *self.counts))
        for cell, part in _parts(self.lengths, self.counts):
            y[cell] = x[part].mean(axis=tuple(range(first, x.ndim)))
        return y

    def backward(self, dy: Array) -> Array:
        dx = np.zeros_like(dy, shape=self.shape)
        axes = tuple(range(-len(self.counts), 0))
        for cell, part in _parts(self.lengths, self.counts):
            size = math.prod(dx[part].shape[axis] for axis in axes)
            dx[part] += np.expand_dims(dy[cell] / size, axes)
        return dx


class AdaptiveMaxPool(Operation):
    r"""The largest number of each of ``counts`` parts of an image, whose borders are those of :class:`AdaptiveAvgPool`.

    The gradient of a part goes to its winner, the first of equal ones. x (…, \*lengths), y (…, \*counts).
    """

    def __init__(self, counts: Lengths) -> None:
        self.counts = counts

    def forward(self, x: Array) -> Array:
        first = x.ndim - len(self.counts)
        self.shape, self.lengths = x.shape, x.shape[first:]
        places = np.arange(math.prod(self.lengths)).reshape(self.lengths)
        y = np.empty_like(x, shape=(*x.shape[:first], *self.counts))
        self.winner = np.empty(y.shape, np.intp)  # counted through the whole image
        for cell, part in _parts(self.lengths, self.counts):
            seen = x[part]
            seen = seen.reshape(*x.shape[:first], math.prod(seen.shape[first:]))
            self.winner[cell] = places[part].ravel()[seen.argmax(axis=-1)]
            y[cell] = seen.max(axis=-1)
        return y

    def backward(self, dy: Array) -> Array:
        dx = np.zeros(
            (math.prod(self.shape[: -len(self.counts)]), math.prod(self.lengths)), dy.dtype
        )
        rows = np.arange(len(dx))
        for cell, _ in _parts(self.lengths, self.counts):  # one winner a row: none is added twice
            dx[rows, self.winner[cell].ravel()] += dy[cell].ravel()
        return dx.reshape(self.shape)
