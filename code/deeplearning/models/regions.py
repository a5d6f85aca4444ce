"""The pieces of a ReLU network on the plane: where it is one affine map, and how many such places there are.

A ReLU neuron is linear on each side of its line. Where no neuron changes sides, the whole network is one affine map:
that place is an activation region, a convex polygon when the inputs are two. Cutting the square neuron by neuron finds
them all, without a grid that could miss a small one.
"""

from collections.abc import Mapping, Sequence

import numpy as np

Layers = Sequence[tuple[np.ndarray, np.ndarray]]
SLIVER = 1e-9  # a corner closer than this to a line counts as lying on it


def hidden_layers(state: Mapping[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (W, b) of each hidden layer from the state of an `mlp`, first layer first; the output layer is left out.

    ``state`` has the keys ``0.weight``, ``0.bias``, ``2.weight``, … of `engine.state(model)`; W is (out, in), b (out,).
    ``ValueError`` if a weight has no bias beside it.

    >>> from deeplearning.models import mlp
    >>> [W.shape for W, b in hidden_layers(mlp([2, 10, 5, 1]).state_dict())]
    [(10, 2), (5, 10)]
    """
    prefixes = sorted(
        (name.removesuffix("weight") for name in state if name.endswith("weight")), key=_number
    )
    without = [prefix for prefix in prefixes if f"{prefix}bias" not in state]
    if without or not prefixes:
        raise ValueError(
            f"hidden_layers: keys {sorted(state)}; give the state of an mlp, a bias beside each weight"
        )
    pairs = [
        (np.asarray(state[f"{p}weight"], float), np.asarray(state[f"{p}bias"], float))
        for p in prefixes
    ]
    return pairs[:-1]


def _number(prefix: str) -> int:
    return int(prefix.rstrip(".") or 0)


def activation_patterns(layers: Layers, x: np.ndarray) -> np.ndarray:
    r"""Return which ReLU neurons are on at each input: :math:`z^{(l)}_j > 0` for every layer l and neuron j.

    x (N, D); the result (N, neurons of all layers) is bool. Distinct rows over a grid are a *lower* bound on the number
    of regions: a region between the grid's points is not seen.

    >>> activation_patterns([(np.array([[1.0, 0.0]]), np.array([0.0]))], np.array([[2.0, 0.0], [-2.0, 0.0]])).tolist()
    [[True], [False]]
    """
    hidden, patterns = np.asarray(x, float), []
    for weight, bias in layers:
        scores = hidden @ weight.T + bias
        patterns.append(scores > 0)
        hidden = np.maximum(scores, 0)
    return np.concatenate(patterns, axis=1)


def activation_regions(layers: Layers, low: float = -1.5, high: float = 1.5) -> list[np.ndarray]:
    r"""Cut the square [low, high]² into the polygons on which a ReLU network is one affine map.

    Inside a polygon the inputs of layer :math:`l` are an affine function
    :math:`A\mathbf{x} + \mathbf{c}` of the plane's point, so each of its neurons cuts along the
    straight line :math:`\mathbf{w}^\top(A\mathbf{x} + \mathbf{c}) + b = 0`; in the next polygon the
    same neuron's line runs in another direction.

    ``layers`` are the hidden layers' (W, b), the first with two inputs. Returns corners, one (V, 2)
    array a region. ``ValueError`` for other than two inputs, or an empty square.

    Limits: exact for two inputs up to rounding (a piece thinner than about 1e-9 may be lost); only
    what lies inside the square; two neighbours may still compute the same function (where the later
    neurons are all off), so the number of regions is an upper bound on that of different affine maps.

    Source: counting as in Hanin and Rolnick, "Deep ReLU networks have surprisingly few activation
    patterns" (2019).

    >>> one_line = [(np.array([[1.0, -1.0]]), np.array([0.0]))]
    >>> len(activation_regions(one_line))
    2
    """
    if not high > low:
        raise ValueError(
            f"activation_regions: the square from {low} to {high} is empty; give low < high"
        )
    if layers and np.shape(layers[0][0])[1] != 2:
        raise ValueError(
            f"activation_regions: {np.shape(layers[0][0])[1]} inputs; only a plane of 2 can be cut"
        )
    square = np.array([[low, low], [high, low], [high, high], [low, high]], float)
    pieces = [(square, np.eye(2), np.zeros(2))]
    for weight, bias in layers:
        pieces = [
            (part, on[:, None] * slopes, on * offsets)
            for polygon, matrix, constant in pieces
            for slopes, offsets in [(weight @ matrix, weight @ constant + bias)]
            for part in _cut_by_all(polygon, slopes, offsets)
            for on in [slopes @ part.mean(axis=0) + offsets > 0]
        ]
    return [polygon for polygon, _, _ in pieces]


def _cut_by_all(polygon: np.ndarray, slopes: np.ndarray, offsets: np.ndarray) -> list[np.ndarray]:
    parts = [polygon]
    for slope, offset in zip(slopes, offsets, strict=True):
        parts = [piece for part in parts for piece in cut(part, slope, offset)]
    return parts


def cut(polygon: np.ndarray, slope: np.ndarray, offset: float) -> list[np.ndarray]:
    r"""Cut a convex polygon along the line :math:`\mathbf{a}^\top\mathbf{x} + d = 0`.

    polygon (V, 2) corners in order, slope a (2,), offset d. Returns the polygon itself if the line misses its inside,
    else its two parts.

    >>> triangle = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    >>> [len(part) for part in cut(triangle, np.array([1.0, 0.0]), -1.0)]
    [3, 4]
    """
    length = np.hypot(*slope)
    if length == 0:
        return [polygon]
    side = (polygon @ slope + offset) / length  # (V,) signed distance of each corner
    if side.min() > -SLIVER or side.max() < SLIVER:
        return [polygon]
    over, under = [], []
    for here, there, s, t in zip(
        polygon, np.roll(polygon, -1, axis=0), side, np.roll(side, -1), strict=True
    ):
        if s > -SLIVER:
            over.append(here)
        if s < SLIVER:
            under.append(here)
        if min(s, t) < -SLIVER and max(s, t) > SLIVER:
            crossing = here + (there - here) * s / (s - t)
            over.append(crossing)
            under.append(crossing)
    return [np.array(over), np.array(under)]


def area(polygon: np.ndarray) -> float:
    """Return the area of a polygon, (V, 2) corners in order (Gauss's shoelace formula).

    >>> area(np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]))
    2.0
    """
    x, y = polygon.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
