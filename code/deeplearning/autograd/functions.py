"""Functions that make tensors, or take several."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deeplearning.autograd import random
from deeplearning.autograd.operation import Array
from deeplearning.autograd.operations.shape import Concatenate, Stack, Where
from deeplearning.autograd.tensor import Tensor, apply, check_numeric


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a tensor from a copy of ``data``: numbers, nested lists or an array.

    >>> tensor([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    return Tensor(data, requires_grad=requires_grad, dtype=dtype)


def from_numpy(array: Array) -> Tensor:
    """Make a tensor that shares the memory of ``array``; a ``TypeError`` if it is no NumPy array of numbers.

    Nothing is copied, so writing to ``array`` later goes unnoticed by the engine: for data that stay as they are.

    >>> import numpy as np
    >>> from_numpy(np.zeros((2, 3), np.float32)).shape
    (2, 3)
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"from_numpy: got {type(array).__name__}; give a NumPy array, or use tensor() to copy"
        )
    check_numeric(array, "from_numpy")
    return Tensor._wrap(array)


def zeros(*shape: int, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Make a tensor of zeros.

    >>> zeros(2).tolist()
    [0.0, 0.0]
    """
    return Tensor._wrap(np.zeros(shape, dtype)).requires_grad_(requires_grad)


def ones(*shape: int, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Make a tensor of ones.

    >>> ones(2).tolist()
    [1.0, 1.0]
    """
    return Tensor._wrap(np.ones(shape, dtype)).requires_grad_(requires_grad)


def rand(
    *shape: int, generator: np.random.Generator | None = None, requires_grad: bool = False
) -> Tensor:
    """Draw float32 numbers evenly from [0, 1).

    >>> 0 <= rand(1).item() < 1
    True
    """
    source = generator or random.generator()
    return Tensor._wrap(source.random(shape, np.float32)).requires_grad_(requires_grad)


def randn(
    *shape: int, generator: np.random.Generator | None = None, requires_grad: bool = False
) -> Tensor:
    """Draw float32 numbers from the normal distribution of mean 0 and variance 1.

    >>> randn(2, 3).shape
    (2, 3)
    """
    source = generator or random.generator()
    return Tensor._wrap(source.standard_normal(shape, np.float32)).requires_grad_(requires_grad)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Join tensors along an existing axis; all other lengths must agree (``ValueError``).

    >>> cat([ones(2), zeros(1)]).tolist()
    [1.0, 1.0, 0.0]
    """
    return apply(Concatenate(dim), *tensors)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Lay tensors of one shape along a new axis (``ValueError`` if shapes differ).

    >>> stack([ones(2), zeros(2)]).shape
    (2, 2)
    """
    return apply(Stack(dim), *tensors)


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """Take ``a`` where the condition holds and ``b`` elsewhere, with broadcasting.

    >>> where(tensor([True, False]), 1.0, tensor([5.0, 6.0])).tolist()
    [1.0, 6.0]
    """
    return apply(Where(), condition, a, b)
