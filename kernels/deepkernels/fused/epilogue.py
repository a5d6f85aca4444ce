"""What follows the product in every kernel of this room: the largest of four, bias, ReLU, and one result for four."""

import triton
import triton.language as tl

#: What is remembered of a window without a positive number: ReLU lets no gradient through. Others keep the place of
#: their maximum, 0 to 3, by rows.
SILENT = tl.constexpr(4)


@triton.jit
def strongest(a, b, c, d):
    """Return, element by element, the largest of four tiles and its number; the first of equals, and NaN above all."""
    best, place = a, tl.zeros(a.shape, tl.int32)
    best, place = _stronger(best, place, b, 1)
    best, place = _stronger(best, place, c, 2)
    return _stronger(best, place, d, 3)


@triton.jit
def _stronger(best, place, tile, NUMBER: tl.constexpr):
    better = (tile > best) | (tile != tile)
    return tl.where(better, tile, best), tl.where(better, NUMBER, place)


@triton.jit
def write(best, place, bias, y, code, pixel, inside, k, known, K):
    """Add the bias to a tile (features, pixels), apply ReLU, and store it as (pixels, features).

    Both keep the order of numbers, so they may follow the maximum, on a quarter of the elements. ``pixel`` numbers the
    pooled pixels, ``k`` the features; ``inside`` and ``known`` tell which of them exist. ``code`` may be None.
    """
    if bias is not None:
        best += tl.load(bias + k, known, 0.0).to(best.dtype)[:, None]
    place = tl.where(best <= 0.0, SILENT, place)
    best = tl.where(best < 0.0, 0.0, best)
    # Rounded before they change places: half as many bytes go through shared memory, or a quarter.
    best, place = best.to(y.dtype.element_ty).T, place.to(tl.int8).T
    to = (pixel.to(tl.int64) * K)[:, None] + k[None, :]
    mask = inside[:, None] & known[None, :]
    tl.store(y + to, best, mask)
    if code is not None:
        tl.store(code + to, place, mask)
