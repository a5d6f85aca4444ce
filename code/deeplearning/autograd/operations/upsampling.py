"""Up-sampling: an image on a finer (or coarser) grid, a linear map of its rows and then of its columns."""

import numpy as np

from deeplearning.autograd.operation import Array, Operation


def nearest_places(length: int, new: int, step: float | None, dtype: np.dtype) -> Array:
    r"""Return which place of an axis each of ``new`` places copies: :math:`\lfloor i\,s \rfloor`, (new,) integers.

    s is ``step``, or length/new if that is None or if the axis keeps its length or doubles it, as in PyTorch. Computed
    in the precision ``dtype``. Rounding decides where a product falls that should be a whole number; PyTorch rounds as
    float32 does even for float64, so that there a pixel may differ.

    >>> nearest_places(2, 4, None, np.dtype("float32")).tolist()
    [0, 0, 1, 1]
    """
    whole = step is None or new in (length, 2 * length)
    s = dtype.type(length) / dtype.type(new) if whole else dtype.type(step)
    places = np.floor(np.arange(new, dtype=dtype) * s).astype(np.intp)
    return np.minimum(places, length - 1)


def linear_weights(length: int, new: int, step: float | None, align_corners: bool) -> Array:
    r"""Return the matrix (new, length) that interpolates an axis linearly.

    Place i of the new grid lies at :math:`p = (i + \tfrac12)\,s - \tfrac12` of the old one, not below 0, with
    s = ``step``, or length/new if None: pixels are little squares, and the two images cover the same area. An axis that
    keeps its length is copied, whatever the step, as in PyTorch. With ``align_corners`` pixels are points, the
    outermost coincide, and :math:`p = i\,(length - 1)/(new - 1)`. Row i has :math:`1 - t` and t at
    :math:`\lfloor p \rfloor` and the place after it, where t is what p has after the point.

    >>> linear_weights(2, 4, None, False).tolist()
    [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    """
    i = np.arange(new)
    if new == length:
        p = i.astype(float)
    elif align_corners:
        p = i * ((length - 1) / (new - 1) if new > 1 else 0.0)
    else:
        p = np.maximum((i + 0.5) * (length / new if step is None else step) - 0.5, 0)
    low = np.minimum(p.astype(np.intp), length - 1)
    high = np.minimum(low + 1, length - 1)
    t = np.clip(p - low, 0, 1)
    weights = np.zeros((new, length))
    weights[i, low] = 1 - t
    weights[i, high] += t
    return weights


class UpsampleNearest(Operation):
    r"""Every new pixel is the old one below it, :math:`y_{ij} = x_{r_i c_j}`; its gradient is the sum over its copies.

    x (…, H, W); ``size`` is the new (H', W'), ``steps`` how far apart the new pixels are on the old grid, or None for
    H/H' and W/W'. y (…, H', W').
    """

    def __init__(self, size: tuple[int, int], steps: tuple[float, float] | None = None) -> None:
        self.size, self.steps = size, steps or (None, None)

    def forward(self, x: Array) -> Array:
        self.lengths = x.shape[-2:]
        self.rows, self.columns = (
            nearest_places(length, new, step, x.dtype)
            for length, new, step in zip(self.lengths, self.size, self.steps, strict=True)
        )
        return x[..., self.rows[:, None], self.columns]

    def backward(self, dy: Array) -> Array:
        down, across = (
            (places == np.arange(length)[:, None]).astype(dy.dtype)  # (old, new): 1 for each copy
            for places, length in zip((self.rows, self.columns), self.lengths, strict=True)
        )
        return down @ dy @ across.T


class UpsampleBilinear(Operation):
    r"""Linear interpolation of rows and of columns, :math:`Y = A X B^\top`, so :math:`dX = A^\top dY\,B`.

    A (H', H) and B (W', W) are those of :func:`linear_weights`; x (…, H, W), y (…, H', W'). ``size`` and ``steps`` as
    in :class:`UpsampleNearest`. NaN or infinity spreads over its whole channel, because matrices multiply it by zeros.
    """

    def __init__(
        self,
        size: tuple[int, int],
        steps: tuple[float, float] | None = None,
        align_corners: bool = False,
    ) -> None:
        self.size, self.steps, self.align_corners = size, steps or (None, None), align_corners

    def forward(self, x: Array) -> Array:
        self.a, self.b = (
            linear_weights(length, new, step, self.align_corners).astype(x.dtype)
            for length, new, step in zip(x.shape[-2:], self.size, self.steps, strict=True)
        )
        return self.a @ x @ self.b.T

    def backward(self, dy: Array) -> Array:
        return self.a.T @ dy @ self.b
