"""What every differentiable operation has in common."""

from itertools import count
from typing import Any

import numpy as np

Array = np.ndarray
created = count()


class Operation:
    r"""One node of the graph: a function of arrays and its vector–Jacobian product.

    ``forward(*arrays)`` computes :math:`y = f(x_1, \dots, x_n)` and keeps, as attributes, the arrays that
    ``backward`` will need. ``backward(dy)`` receives :math:`\partial L / \partial y`, of the shape of ``y``, and
    returns :math:`\partial L / \partial x_i` for every input, each of the shape of :math:`x_i` up to broadcasting
    (a single array if only the first input has one, ``None`` where no gradient is wanted or defined). A returned array
    shares memory with ``dy`` or with nothing, so that the engine knows which gradients it may keep as they are.

    Operations know arrays only; :func:`deeplearning.autograd.tensor.apply` ties them to tensors. An operation keeps
    an operand's or its result's *own* array, never a view made of it, and says with ``keeps_result`` that it keeps its
    result: only so can a later change in place be noticed.
    """

    keeps_result = False  # whether backward needs the result itself
    may_be_view = False  # whether the result may share an operand's memory
    order = 0  # the how-manyth recorded operation this is
    operands: tuple[Any, ...] = ()
    needs: (
        list[bool] | tuple[bool, ...]
    ) = ()  # which operands want a gradient; set before forward runs
    snapshot: tuple[
        tuple[list[int], int], ...
    ] = ()  # (count of changes in place, its value at the forward pass)
    retained: Any = None  # the result's tensor, if the reader asked to keep its gradient
    freed = False

    @property
    def name(self) -> str:
        """The operation's name in messages."""
        return type(self).__name__

    def forward(self, *arrays: Any) -> Array:
        """Compute the result from the operands' arrays."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Any:
        """Compute the operands' gradients from the result's gradient ``dy``."""
        raise NotImplementedError

    def release(self) -> None:
        """Forget operands and kept arrays, so that their memory is free as soon as backward has passed."""
        self.__dict__.clear()
        self.freed = True


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    r"""Sum a gradient over the axes along which an operand of ``shape`` was repeated.

    If :math:`y_{ij} = f(x_j)`, then :math:`\partial L/\partial x_j = \sum_i \partial L/\partial y_{ij} \cdot f'(x_j)`:
    what broadcasting copies forward, the backward pass adds up.

    >>> import numpy as np
    >>> unbroadcast(np.ones((4, 3)), (3,)).tolist()
    [4.0, 4.0, 4.0]
    """
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    if extra > 0:
        gradient = gradient.sum(axis=tuple(range(extra)))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=repeated, keepdims=True) if repeated else gradient
