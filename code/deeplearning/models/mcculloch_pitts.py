"""The neuron of McCulloch and Pitts, the gates that it computes, and networks that compute everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class McCullochPitts:
    r"""A neuron that fires (1) if the weighted sum of its binary inputs reaches its
    threshold, else rests (0).

    :math:`y = 1` if :math:`\mathbf{w}^\top \mathbf{x} \ge \theta`, else 0, with
    :math:`\mathbf{x} \in \{0, 1\}^D`.

    ``weights`` are D numbers, positive for an excitatory and negative for an
    inhibitory input; ``threshold`` is θ. Called with x (…, D), zeros and ones, it
    gives (…,) int64. ``ValueError`` for another width or other values. Source:
    McCulloch and Pitts (1943), with weights in the place of their absolute
    inhibition (see `neuron_of_1943`).

    >>> majority = McCullochPitts((1, 1, 1), threshold=2)
    >>> majority([[0, 1, 0], [1, 0, 1]])
    array([0, 1])
    """

    weights: tuple[float, ...]
    threshold: float

    def __call__(self, x: Any) -> np.ndarray:
        x = _binary(x, len(self.weights))
        return (x @ np.array(self.weights) >= self.threshold).astype(np.int64)


GATES = {
    "AND": McCullochPitts((1, 1), threshold=2),
    "OR": McCullochPitts((1, 1), threshold=1),
    "NOT": McCullochPitts((-1,), threshold=0),
    "NAND": McCullochPitts((-1, -1), threshold=-1),
    "NOR": McCullochPitts((-1, -1), threshold=0),
}


def neuron_of_1943(endings: Sequence[int], threshold: int) -> McCullochPitts:
    r"""Make the neuron of the paper of 1943, in which one active inhibitory input
    forbids firing whatever the others say.

    An inhibitory weight of :math:`-(E - \theta + 1)` does it, where E is the number
    of all excitatory endings: with it the sum is at most :math:`E - (E - \theta +
    1) = \theta - 1`.

    ``endings`` has one whole number an input: how many excitatory endings it has on
    the neuron, or −1 if it inhibits. ``ValueError`` for a number below −1. Source:
    McCulloch and Pitts (1943), the assumptions of section 2.

    >>> inhibited = neuron_of_1943([1, 1, -1], threshold=1)
    >>> inhibited.weights, inhibited([[1, 1, 0], [1, 1, 1]]).tolist()
    ((1, 1, -2), [1, 0])
    """
    if any(count < -1 for count in endings):
        wanted = "give 0 or more excitatory endings, -1 to inhibit"
        raise ValueError(f"neuron_of_1943: endings={list(endings)}; {wanted}")
    excitation = sum(count for count in endings if count > 0)
    veto = -max(excitation - threshold + 1, 1)
    weights = tuple(veto if count == -1 else count for count in endings)
    return McCullochPitts(weights, threshold)


@dataclass(frozen=True)
class Network:
    """Layers of neurons: each neuron of a layer sees all outputs of the layer before
    it.

    Called with x (…, D) it gives (…, K) int64, one column for each neuron of the
    last layer. ``size`` counts neurons. Make one with `compose`.
    """

    layers: tuple[tuple[McCullochPitts, ...], ...]

    def __call__(self, x: Any) -> np.ndarray:
        for layer in self.layers:
            x = np.stack([neuron(x) for neuron in layer], axis=-1)
        return x

    @property
    def size(self) -> int:
        return sum(len(layer) for layer in self.layers)

    def matrices(self) -> list[tuple[np.ndarray, np.ndarray]]:
        r"""Give each layer as :math:`W` (K, D) and :math:`b = -\theta` (K,), float32."""
        return [
            (
                np.array([neuron.weights for neuron in layer], np.float32),
                np.array([-neuron.threshold for neuron in layer], np.float32),
            )
            for layer in self.layers
        ]


def compose(*layers: Sequence[McCullochPitts]) -> Network:
    """Put layers of neurons one behind the other, inputs first.

    ``ValueError`` if there is no layer, a layer is empty, or a neuron has not one
    weight for each output before it.

    >>> xor = compose([GATES["OR"], GATES["NAND"]], [GATES["AND"]])
    >>> xor(inputs(2))[:, 0], xor.size
    (array([0, 1, 1, 0]), 3)
    """
    if not layers or any(len(layer) == 0 for layer in layers):
        raise ValueError("compose: give at least one layer, and at least one neuron in each")
    width = len(layers[0][0].weights)
    for number, layer in enumerate(layers, start=1):
        for neuron in layer:
            if len(neuron.weights) != width:
                raise ValueError(
                    f"compose: a neuron of layer {number} has {len(neuron.weights)} weights; it sees {width} values, "
                    "so give it one weight for each"
                )
        width = len(layer)
    return Network(tuple(tuple(layer) for layer in layers))


def inputs(n: int) -> np.ndarray:
    """List all rows of a truth table of n inputs: (2ⁿ, n) int64, counting up in
    binary, the first input leftmost.

    >>> inputs(2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    if n < 1:
        raise ValueError(f"inputs: n={n}; give the number of inputs, at least 1")
    return (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1


def from_truth_table(table: Sequence[int] | np.ndarray) -> Network:
    """Build a network of two layers for any truth table, in disjunctive normal form.

    A hidden neuron for each row that gives 1 fires for that row alone: its weights
    are +1 where the row has a one and −1 where it has a zero, its threshold is the
    number of ones. The output is their OR. If more than half of the rows give 1,
    the rows that give 0 are detected instead and the output is a NOR: never more
    than 2ⁿ⁻¹ + 1 neurons.

    ``table`` holds the outputs for the rows of `inputs`, 2ⁿ zeros and ones. A
    constant table needs one neuron only. ``ValueError`` for another length or other
    values. Source: McCulloch and Pitts (1943), theorem II.

    >>> from_truth_table([0, 1, 1, 0])(inputs(2))[:, 0]
    array([0, 1, 1, 0])
    """
    table = np.asarray(table)
    n = table.size.bit_length() - 1
    if table.ndim != 1 or n < 1 or table.size != 2**n or not np.isin(table, (0, 1)).all():
        wanted = "give 2, 4, 8, … outputs, each 0 or 1"
        raise ValueError(f"from_truth_table: shape {table.shape}; {wanted}")
    positive = 2 * table.sum() <= table.size
    rows = inputs(n)[table == (1 if positive else 0)]
    if len(rows) == 0:
        return compose([McCullochPitts((0,) * n, threshold=1 if positive else 0)])
    hidden = []
    for row in rows:
        weights = tuple(int(weight) for weight in 2 * row - 1)
        hidden.append(McCullochPitts(weights, threshold=int(row.sum())))
    sign, threshold = (1, 1) if positive else (-1, 0)
    return compose(hidden, [McCullochPitts((sign,) * len(rows), threshold)])


def loop(neuron: McCullochPitts, x: Any, start: int = 0) -> np.ndarray:
    r"""Run a neuron whose first input is its own output of one moment ago.

    :math:`y_t = 1` if :math:`w_1 y_{t-1} + w_2 x_{t,1} + w_3 x_{t,2} + \dots \ge
    \theta`.

    ``x`` is (T, D − 1), the other inputs at each moment; ``start`` is :math:`y_0`.
    The result is (T,).

    >>> latch = McCullochPitts((1, 1, -2), threshold=1)  # itself, set, reset
    >>> loop(latch, [[0, 0], [1, 0], [0, 0], [0, 0], [0, 1], [0, 0]])
    array([0, 1, 1, 1, 0, 0])
    """
    x = _binary(x, len(neuron.weights) - 1)
    outputs = []
    for now in x:
        start = int(neuron(np.concatenate([[start], now])))
        outputs.append(start)
    return np.array(outputs, dtype=np.int64)


def _binary(x: Any, width: int) -> np.ndarray:
    x = np.asarray(x)
    if x.ndim == 0 or x.shape[-1] != width:
        raise ValueError(
            f"McCullochPitts: x has shape {x.shape}; the last axis must be {width}, one value a weight"
        )
    if not np.isin(x, (0, 1)).all():
        raise ValueError(
            "McCullochPitts: x holds other values than 0 and 1; a neuron of 1943 sees only these"
        )
    return x
