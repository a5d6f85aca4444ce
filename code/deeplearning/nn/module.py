"""The base of all layers and networks: named parameters, modes, saving and loading."""

import os
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from deeplearning.atomic import atomic_write
from deeplearning.autograd import Tensor, no_grad
from deeplearning.autograd.memory import aligned


class Parameter(Tensor):
    """A tensor that a module learns: it requires a gradient, and :meth:`Module.parameters` finds it.

    >>> Parameter([0.5]).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad)
        self._array = aligned(self._array)  # read and written in every step


class Module:
    """A part of a network, made of parameters and of further modules.

    A subclass assigns them as attributes in ``__init__`` and says in ``forward`` what it computes; calling the module
    calls ``forward``. What belongs to its state without being learned, such as running averages, it registers as a
    buffer. Names, ``state_dict`` and ``train``/``eval`` are PyTorch's :cite:`paszke2019`.

    >>> from deeplearning import nn
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    >>> [name for name, _ in net.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    training = True
    _buffer_names: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(vars(self).get(name), Parameter) and not isinstance(value, Parameter | None):
            raise TypeError(
                f"{type(self).__name__}.{name} is a Parameter, and what is assigned a {type(value).__name__}, which "
                f"would not be learned; assign nn.Parameter(...), or the values alone: module.{name}.data = array"
            )
        if isinstance(value, list | tuple | dict):
            items = value.values() if isinstance(value, dict) else value
            if any(isinstance(item, Parameter | Module) for item in items):
                raise TypeError(
                    f"{type(self).__name__}.{name}: parameters in a {type(value).__name__} would not be found and not "
                    "learned; give each its own attribute, or modules as nn.Sequential(*modules)"
                )
        if isinstance(value, Parameter | Module) and "." in name:
            raise ValueError(
                f"{name!r}: the name of a module or parameter has no dot; dots join the names of levels"
            )
        if name in self._buffer_names and not isinstance(value, Tensor | None):
            raise TypeError(
                f"{type(self).__name__}.{name} is a buffer, and what is assigned a {type(value).__name__}; assign a "
                f"Tensor or None, or the values alone: module.{name}.data = array"
            )
        super().__setattr__(name, value)

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """Make ``tensor`` an attribute that is saved, loaded and copied with the parameters, but not learned.

        ``None`` keeps the name for a buffer that this module goes without. ``ValueError`` for a name that is taken or
        has a dot, ``TypeError`` for anything but a tensor.

        >>> module = Module()
        >>> module.register_buffer("steps", Tensor([0.0]))
        >>> list(module.state_dict()), list(module.parameters())
        (['steps'], [])
        """
        if not isinstance(tensor, Tensor | None) or isinstance(tensor, Parameter):
            raise TypeError(
                f"register_buffer: {name!r} is a {type(tensor).__name__}; give a Tensor or None, and assign a "
                "Parameter as an attribute"
            )
        if "." in name or hasattr(self, name):
            raise ValueError(f"register_buffer: {name!r} is taken or has a dot; give another name")
        self._buffer_names = (*self._buffer_names, name)
        setattr(self, name, tensor)

    def forward(self, *inputs: Any) -> Any:
        """Compute the module's output."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say what it computes; define forward(self, x)"
        )

    def __call__(self, *inputs: Any) -> Any:
        return self.forward(*inputs)

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """Yield the modules assigned to this one, with their attribute names."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator["Module"]:
        """Yield the modules assigned to this one."""
        for _, child in self.named_children():
            yield child

    def modules(self) -> Iterator["Module"]:
        """Yield this module and all below it, each once."""
        found: dict[Module, None] = {}
        stack: list[Module] = [self]
        while stack:
            module = stack.pop()
            if module not in found:
                found[module] = None
                stack += reversed(list(module.children()))
        yield from found

    def named_parameters(
        self, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield all parameters with dotted names: this module's own, then its children's.

        A parameter with several names, because it or its module was assigned twice, comes under the first of them, or
        under all of them with ``remove_duplicate=False``.
        """
        seen: set[Tensor] = set()
        for name, value in self._walk(prefix):
            if isinstance(value, Parameter) and value not in seen:
                yield name, value
            if remove_duplicate:
                seen.add(value)

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Yield all buffers with dotted names, each once: this module's own, then its children's."""
        seen: set[Tensor] = set()
        for name, value in self._walk(prefix):
            if not isinstance(value, Parameter) and value not in seen:
                seen.add(value)
                yield name, value

    def buffers(self) -> Iterator[Tensor]:
        """Yield all buffers, each once."""
        for _, buffer in self.named_buffers():
            yield buffer

    def _walk(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Yield parameters and buffers under all their names, in PyTorch's order."""
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield f"{prefix}{name}", value
        for name in self._buffer_names:
            if (buffer := vars(self)[name]) is not None:
                yield f"{prefix}{name}", buffer
        for name, child in self.named_children():
            yield from child._walk(f"{prefix}{name}.")

    def parameters(self) -> Iterator[Parameter]:
        """Yield all parameters, each once."""
        for _, parameter in self.named_parameters():
            yield parameter

    def train(self, mode: bool = True) -> "Module":
        """Switch to training mode, in which dropout drops and batch normalisation looks at the batch.

        Return the module.
        """
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> "Module":
        """Switch to evaluation mode; return the module."""
        return self.train(False)

    def double(self) -> "Module":
        """Change all parameters and buffers of floats to float64; return the module.

        For measurements that float32's rounding would drown.
        """
        for _, value in self._walk():
            if value.dtype.kind == "f":
                value._array = aligned(value._array.astype(np.float64))
                value.zero_grad()
        return self

    def zero_grad(self) -> None:
        """Forget all parameters' gradients."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return a copy of the values of every parameter and buffer under its name, or names if it has several."""
        return {name: np.array(value.data) for name, value in self._walk()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set every parameter and buffer from arrays or tensors of any engine.

        ``KeyError`` for names that are missing or unknown and ``ValueError`` for wrong shapes or numbers that are not
        finite; in both cases nothing has been changed.
        """
        own = dict(self._walk())
        missing, unknown = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
        if missing or unknown:
            raise KeyError(
                f"load_state_dict: missing {missing}, unknown {unknown}; accepted are exactly {sorted(own)}"
            )
        arrays = {
            name: np.asarray(getattr(state[name], "detach", lambda v=state[name]: v)())
            for name in own
        }
        for name, value in own.items():
            if arrays[name].shape != value.shape:
                raise ValueError(
                    f"load_state_dict: {name} has shape {arrays[name].shape}, and this module needs {value.shape}; "
                    "build the network with the sizes it was saved with"
                )
            if arrays[name].dtype.kind not in "fiub":
                raise ValueError(
                    f"load_state_dict: {name} holds {arrays[name].dtype}, not numbers; load another state"
                )
            with np.errstate(over="ignore"):  # too large becomes infinite, which is found below
                arrays[name] = arrays[name].astype(value.dtype)
            if not np.isfinite(arrays[name]).all():
                raise ValueError(
                    f"load_state_dict: {name} holds NaN or infinity; load an earlier state"
                )
        with no_grad():
            for name, value in own.items():
                value[...] = arrays[name]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the state dictionary to an ``.npz`` file, atomically."""
        write_npz(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read what :meth:`save` wrote; errors as :func:`read_npz` and :meth:`load_state_dict`."""
        self.load_state_dict(read_npz(path))

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the parentheses."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()
        ]
        inner = (
            self.extra_repr() + "".join(f"\n  {line}" for line in lines) + ("\n" if lines else "")
        )
        return f"{type(self).__name__}({inner})"


def write_npz(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to an ``.npz`` file, atomically; any name will do, also those that ``np.savez`` needs for itself."""
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read all arrays of an ``.npz`` file.

    ``FileNotFoundError`` if there is none, ``ValueError`` if the file is truncated, damaged or of another kind.
    """
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ValueError("it holds a single array")
        with archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{os.fspath(path)}: no such file; save() or fit(checkpoint=…) makes it"
        ) from None
    except Exception as error:  # a damaged byte can send zipfile and NumPy astray in a dozen ways
        raise ValueError(
            f"{os.fspath(path)}: not a readable .npz archive ({error}); it was truncated, altered, or made by another "
            "program: restore it from a copy, or train again"
        ) from error
