"""The tensor: an array that remembers the operation that made it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from deeplearning.autograd.graph import run_backward
from deeplearning.autograd.methods import Methods, plain
from deeplearning.autograd.mode import is_grad_enabled
from deeplearning.autograd.operation import Array, Operation, created


class Tensor(Methods):
    r"""An array of numbers with automatic differentiation.

    ``data`` is anything NumPy can make an array of; it is copied. Python floats become float32, NumPy arrays keep
    their dtype. With ``requires_grad=True`` every operation on the tensor is recorded, and :meth:`backward` on a
    scalar result :math:`L` leaves :math:`\partial L/\partial x` in ``x.grad``. Names and meanings are PyTorch's.

    Errors: ``TypeError`` for data that are not numbers; ``ValueError`` for ragged data or a gradient of integers.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad.tolist()
    [2.0, 4.0, 6.0]
    """

    __slots__ = ("_array", "_changes", "_gradient", "_operation", "requires_grad")
    __array_priority__ = 1000  # array + Tensor is Tensor.__radd__, not an array of tensors
    __array_ufunc__ = None

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        source = data._array if isinstance(data, Tensor) else data
        try:
            array = np.array(source, dtype=dtype)
        except ValueError as error:
            raise ValueError(
                f"Tensor: the data do not form an array ({error}); give rows of equal length"
            ) from None
        check_numeric(array, "Tensor")
        if (
            dtype is None
            and array.dtype == np.float64
            and not isinstance(source, np.ndarray | np.generic)
        ):
            array = array.astype(np.float32)
        self._set(array)
        self.requires_grad_(requires_grad)

    def _set(self, array: Array) -> None:
        self._array = array
        self._gradient: Tensor | None = None
        self._operation: Operation | None = None
        self._changes = [0]  # how often the memory was changed in place; views share the list
        self.requires_grad = False

    @staticmethod
    def _wrap(array: Array) -> "Tensor":
        """Make a tensor around ``array`` without copying it; what is computed from a Parameter is no Parameter."""
        tensor = Tensor.__new__(Tensor)
        tensor._set(np.asarray(array))  # NumPy makes scalars of arrays without axes
        return tensor

    # What the tensor is.

    @property
    def data(self) -> Array:
        """The values as a read-only NumPy view; assign a whole array to replace them.

        Read-only, so that nobody changes behind the engine's back what a backward pass still needs. To change values
        in place, change the tensor: ``with no_grad(): w -= 0.1 * w.grad``.
        """
        view = self._array.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, value: Any) -> None:
        array = np.array(value._array if isinstance(value, Tensor) else value, dtype=self.dtype)
        if array.shape != self.shape:
            raise ValueError(
                f"data: an array of shape {array.shape} for a tensor of shape {self.shape}"
            )
        self._array = array
        self._changes = [0]

    @property
    def grad(self) -> "Tensor | None":
        """The gradient that backward passes have accumulated, a tensor of the same shape, or None."""
        return self._gradient

    @grad.setter
    def grad(self, value: "Tensor | None") -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"grad: got a {type(value).__name__}; give a Tensor or None")
        if value is not None and (value.shape, value.dtype) != (self.shape, self.dtype):
            raise ValueError(
                f"grad: a tensor of shape {value.shape} and {value.dtype} for a tensor of shape {self.shape} and "
                f"{self.dtype}; give equal ones"
            )
        self._gradient = value

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype:
        """Type of the elements."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._array.size

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        return self._operation is None

    @property
    def T(self) -> "Tensor":
        """The tensor with its axes reversed."""
        return self.permute(*range(self.ndim)[::-1])

    def numpy(self) -> Array:
        """Return the values as a read-only NumPy array."""
        return self.data

    def item(self) -> float:
        """Return the only element as a Python number; ``ValueError`` if there are several."""
        if self.size != 1:
            raise ValueError(
                f"item: a tensor of shape {self.shape} has {self.size} elements; reduce it to one first"
            )
        return self._array.item()

    def tolist(self) -> Any:
        """Return the values as nested Python lists."""
        return self._array.tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self._array, dtype=dtype) if copy else np.asarray(self.data, dtype=dtype)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a tensor with no axes")
        return len(self._array)

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self._array)

    def __float__(self) -> float:
        return float(self.item())

    def __repr__(self) -> str:
        values = np.array2string(self._array, precision=4, separator=", ", prefix="Tensor(")
        return f"Tensor({values}{', requires_grad=True' if self.requires_grad else ''})"

    # Differentiation.

    def backward(self, gradient: Any = None, retain_graph: bool = False) -> None:
        r"""Add :math:`\partial L/\partial x` to ``x.grad`` for every leaf ``x`` that this tensor :math:`L` depends on.

        ``gradient`` is :math:`\partial L/\partial` self, of its shape; it may be left out only for a single number.
        Afterwards the graph is freed unless ``retain_graph``. ``RuntimeError`` where no gradient is possible.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward: nothing here requires a gradient; give a tensor requires_grad=True, "
                "and do not compute under no_grad()"
            )
        if gradient is None:
            if self.size != 1:
                raise RuntimeError(
                    f"backward: a gradient is defined for one number, and this tensor has shape {self.shape}; "
                    "reduce it with .sum() or .mean(), or give backward(gradient) of the same shape"
                )
            seed = np.ones_like(self._array)
        else:
            seed = np.array(
                gradient._array if isinstance(gradient, Tensor) else gradient, dtype=self.dtype
            )
            if seed.shape != self.shape:
                raise ValueError(
                    f"backward: a gradient of shape {seed.shape} for a tensor of shape {self.shape}"
                )
        if self._operation is None:
            self._accumulate(seed, shared=False)
        else:
            run_backward(self._operation, seed, retain_graph)

    def _accumulate(self, gradient: Array, shared: bool) -> None:
        """Add to ``grad``; an array that others hold too is copied before it is kept."""
        if self._gradient is not None:
            gradient = self._gradient._array + gradient
        elif shared or not gradient.flags.writeable:
            gradient = np.array(gradient)
        self._gradient = Tensor._wrap(gradient)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Ask for (or decline) a gradient, and return the tensor; ``ValueError`` unless its dtype is a float."""
        if requires_grad and self._array.dtype.kind != "f":
            raise ValueError(
                f"requires_grad: a tensor of {self.dtype} has no gradient; give float32 or float64"
            )
        if not requires_grad and self._operation is not None:
            raise RuntimeError(
                "requires_grad_(False): an operation's result cannot decline its gradient; use detach()"
            )
        self.requires_grad = requires_grad
        return self

    def retain_grad(self) -> None:
        """Keep this intermediate result's gradient in ``.grad`` too; leaves keep theirs anyway."""
        if self._operation is not None:
            self._operation.retained = self

    def detach(self) -> "Tensor":
        """Return the same values, sharing memory, cut off from the graph."""
        tensor = Tensor._wrap(self._array)
        tensor._changes = self._changes
        return tensor

    def zero_grad(self) -> None:
        """Forget the accumulated gradient."""
        self._gradient = None

    # Change in place.

    def _change(self, ufunc: np.ufunc, other: Any) -> "Tensor":
        """Apply ``ufunc`` in place; views and operations that kept the array notice by the counter."""
        if is_grad_enabled() and (self.requires_grad or getattr(other, "requires_grad", False)):
            raise RuntimeError(
                f"{ufunc.__name__} in place on a tensor in a graph; write x = x + ... instead of x += ..., "
                "or wrap an update of parameters in no_grad()"
            )
        ufunc(
            self._array,
            other._array if isinstance(other, Tensor) else other,
            out=self._array,
            casting="same_kind",
        )
        self._changes[0] += 1
        return self

    def __iadd__(self, other: Any) -> "Tensor":
        return self._change(np.add, other)

    def __isub__(self, other: Any) -> "Tensor":
        return self._change(np.subtract, other)

    def __imul__(self, other: Any) -> "Tensor":
        return self._change(np.multiply, other)

    def __itruediv__(self, other: Any) -> "Tensor":
        return self._change(np.divide, other)

    def __setitem__(self, key: Any, value: Any) -> None:
        if is_grad_enabled() and (self.requires_grad or getattr(value, "requires_grad", False)):
            raise RuntimeError(
                "x[...] = on a tensor in a graph; use where() or cat(), or wrap an update of parameters in no_grad()"
            )
        self._array[plain(key)] = value._array if isinstance(value, Tensor) else value
        self._changes[0] += 1


def check_numeric(array: Array, name: str) -> None:
    """Refuse text, objects and complex numbers."""
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: data of dtype {array.dtype}; give floats, integers or booleans")


def apply(operation: Operation, *operands: Any) -> "Tensor":
    """Run ``operation`` on tensors, or on plain numbers and arrays as constants, and record it if need be."""
    arrays, needs, recording = [], [], is_grad_enabled()
    for operand in operands:
        if isinstance(operand, Tensor):
            arrays.append(operand._array)
            needs.append(recording and operand.requires_grad)
        else:  # NumPy's own scalars become Python's, so that x * np.float64(2) stays float32, as in PyTorch
            arrays.append(operand.item() if isinstance(operand, np.generic) else operand)
            needs.append(False)
    operation.needs = needs
    result = Tensor._wrap(operation.forward(*arrays))
    array = result._array
    if operation.may_be_view:  # then a change in place of either is a change of both
        for operand in operands:
            if isinstance(operand, Tensor) and np.may_share_memory(operand._array, array):
                result._changes = operand._changes
    if True in needs:
        operation.order = next(created)
        operation.operands = operands
        tensors = [operand for operand in operands if isinstance(operand, Tensor)]
        if operation.keeps_result:
            tensors.append(result)
        operation.snapshot = tuple([(tensor._changes, tensor._changes[0]) for tensor in tensors])
        result.requires_grad = True
        result._operation = operation
    return result


# The methods' operations make tensors, and tensors have the methods: the circle is closed here.
Methods._apply = staticmethod(apply)
