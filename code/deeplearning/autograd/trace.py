"""The recorded graph as a list, for drawing and for counting."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning.autograd.graph import sorted_operations
from deeplearning.autograd.tensor import Tensor


@dataclass(frozen=True)
class Node:
    """A tensor or constant of the graph: its name (or its operation's), what it holds, and the nodes it is made of."""

    label: str
    tensor: Any
    inputs: tuple[int, ...]  # places in the list
    is_operation: bool


def trace(result: Tensor, names: Mapping[str, Any] | None = None) -> list[Node]:
    """List the graph behind ``result``, inputs before what is made of them, the result last.

    ``names`` gives tensors a label; other leaves are labelled with their number or shape. Must be called before
    ``backward()``, which frees the graph (``RuntimeError``).

    >>> x = Tensor(3.0, requires_grad=True)
    >>> [(node.label, node.inputs) for node in trace(x * x + 1.0, {"x": x})]
    [('x', ()), ('Multiply', (0, 0)), ('1', ()), ('Add', (1, 2))]
    """
    labels = {id(tensor): name for name, tensor in (names or {}).items()}
    nodes: list[Node] = []
    place: dict[int, int] = {}  # of a tensor, by identity
    operations = [] if result._operation is None else sorted_operations(result._operation)
    results = {id(result._operation): result}
    for operation in operations:
        results |= {
            id(o._operation): o
            for o in operation.operands
            if isinstance(o, Tensor) and o._operation
        }
    for operation in reversed(operations):
        inputs = []
        for operand in operation.operands:
            if id(operand) not in place:
                place[id(operand)] = len(nodes)
                nodes.append(Node(labels.get(id(operand), _describe(operand)), operand, (), False))
            inputs.append(place[id(operand)])
        made = results[id(operation)]
        place[id(made)] = len(nodes)
        nodes.append(Node(labels.get(id(made), operation.name), made, tuple(inputs), True))
    return nodes or [Node(labels.get(id(result), _describe(result)), result, (), False)]


def _describe(operand: Any) -> str:
    shape = np.shape(operand)
    return f"{float(operand):g}" if shape == () else str(shape)
