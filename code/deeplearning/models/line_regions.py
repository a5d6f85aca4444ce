"""The pieces of a ReLU network along a straight line: every place where one of its neurons changes sides.

Inputs of 784 numbers cannot be cut into polygons and drawn, but a straight walk from one input to another can be cut
exactly: along it each neuron of the first layer is a linear function of how far one has gone, and each later neuron is
linear between the places where an earlier one has changed sides.
"""

import numpy as np

from deeplearning.models.regions import Layers


def crossings(layers: Layers, start: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
    r"""Return where a straight walk crosses from one linear region into the next, for each hidden layer.

    The walk is :math:`\mathbf{x}(t) = (1 - t)\,\mathbf{x}_0 + t\,\mathbf{x}_1`. Between two crossings of the layers
    before it, a weighted sum is linear in t, so it changes sides at most once, at
    :math:`t = t_0 + (t_1 - t_0)\, z_0 / (z_0 - z_1)`.

    ``layers`` are the hidden layers' (W, b), first layer first, as `hidden_layers` gives them; ``start`` and ``end``
    are (D,). Returns a list with one sorted array of t in (0, 1) a layer; the walk passes
    1 + (the number of all crossings) pieces. Exact up to rounding in float64. ``ValueError`` for points that do not
    fit the first layer.

    Source: counting along a line as in Hanin and Rolnick, "Complexity of linear regions in deep networks" (2019).

    >>> fold = np.array([[1.0], [1.0]]), np.array([0.0, -0.5])    # bends at 0 and 1/2
    >>> again = np.array([[2.0, -4.0], [2.0, -4.0]]), np.array([-0.1, -0.5])
    >>> [t.round(3).tolist() for t in crossings([fold, again], np.array([-1.0]), np.array([1.0]))]
    [[0.5, 0.75], [0.525, 0.625, 0.875, 0.975]]
    """
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    inputs = np.shape(layers[0][0])[1] if layers else len(start)
    if start.shape != (inputs,) or end.shape != (inputs,):
        raise ValueError(
            f"crossings: points of shapes {start.shape} and {end.shape}; the first layer takes ({inputs},)"
        )
    t, hidden = np.array([0.0, 1.0]), np.stack([start, end])  # (V,) knots, (V, D) what is there
    found = []
    for weight, bias in layers:
        z = hidden @ weight.T + bias  # (V, D_l), linear between knots
        piece, neuron = np.nonzero((z[:-1] > 0) != (z[1:] > 0))
        before, after = z[piece, neuron], z[piece + 1, neuron]
        share = before / (before - after)
        new = t[piece] + (t[piece + 1] - t[piece]) * share
        there = z[piece] + (z[piece + 1] - z[piece]) * share[:, None]
        there[np.arange(len(new)), neuron] = 0.0  # on the border exactly, whatever the rounding
        order = np.argsort(np.concatenate([t, new]), kind="stable")
        t = np.concatenate([t, new])[order]
        hidden = np.maximum(np.concatenate([z, there])[order], 0)
        found.append(np.sort(new))
    return found


def pieces(layers: Layers, pairs: np.ndarray) -> np.ndarray:
    """Count the linear pieces on the straight lines between pairs of inputs, (M, 2, D): (M,) whole numbers.

    >>> fold = np.array([[1.0], [1.0]]), np.array([0.0, -0.5])
    >>> pieces([fold], np.array([[[-1.0], [1.0]], [[-1.0], [0.25]], [[1.0], [2.0]]])).tolist()
    [3, 2, 1]
    """
    return np.array(
        [1 + sum(len(t) for t in crossings(layers, start, end)) for start, end in pairs], int
    )


def slice_layers(
    layers: Layers, origin: np.ndarray, right: np.ndarray, up: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    r"""Return the same hidden layers as seen from a plane of inputs, for `activation_regions`.

    A point :math:`(u, v)` of the plane is the input
    :math:`\mathbf{x} = \mathbf{o} + u\,(\mathbf{r} - \mathbf{o}) + v\,(\mathbf{p} - \mathbf{o})`, so that (0, 0),
    (1, 0) and (0, 1) are the three inputs ``origin``, ``right`` and ``up``, each (D,). Only the first layer changes:
    its weights become :math:`\mathbf{W}` times the two directions, its bias :math:`\mathbf{W}\mathbf{o} + \mathbf{b}`.

    >>> plane = slice_layers([(np.eye(3), np.zeros(3))], np.ones(3), np.array([2.0, 1, 1]), np.array([1.0, 1, 5]))
    >>> plane[0][0].tolist(), plane[0][1].tolist()
    ([[1.0, 0.0], [0.0, 0.0], [0.0, 4.0]], [1.0, 1.0, 1.0])
    """
    points = [np.asarray(point, np.float64) for point in (origin, right, up)]
    weight, bias = layers[0]
    if any(point.shape != (np.shape(weight)[1],) for point in points):
        raise ValueError(
            f"slice_layers: points of shapes {[point.shape for point in points]}; "
            f"the first layer takes ({np.shape(weight)[1]},)"
        )
    directions = np.stack([points[1] - points[0], points[2] - points[0]], axis=1)  # (D, 2)
    return [(weight @ directions, weight @ points[0] + bias), *layers[1:]]
