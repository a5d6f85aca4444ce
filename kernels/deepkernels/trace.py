"""Which elements of which tensor each program reads and writes, seen from inside Triton's interpreter.

A GPU cannot be watched while it works; the interpreter runs one program after the other, and every load and store
passes through a few methods of its builder. `record` wraps those methods for the time of a `with` block.
"""

from __future__ import annotations

import contextlib
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
import triton
import triton.language as tl

from deepkernels.launch import interpreted

Program = tuple[int, int, int]

#: Method of the interpreter's builder → (its argument with addresses, its argument with the mask, what it does).
#: Loads and stores without a mask, and those by descriptor, pass through the masked ones.
_WATCHED = {
    "create_masked_load": ("ptrs", "mask", ("reads",)),
    "create_masked_store": ("ptrs", "mask", ("writes",)),
    "create_atomic_rmw": ("ptr", "mask", ("reads", "writes")),
    "create_atomic_cas": ("ptr", None, ("reads", "writes")),
}


@dataclass
class Seen:
    """What programs read and wrote.

    `reads` and `writes` map a program's id (x, y, z) to the tensors that it touched, by name, and these to the touched
    elements: sorted, each once, as flat indices in the order of the tensor's shape (int64), whatever its strides.
    `loaded` and `stored` count elements by tensor over all programs, each as often as it was loaded or stored: times
    the size of an element, the bytes that the kernel asks its caches for. An atomic operation reads and writes.
    Several launches in one block add up under the same ids.
    """

    shapes: dict[str, torch.Size]
    reads: dict[Program, dict[str, torch.Tensor]] = field(default_factory=dict)
    writes: dict[Program, dict[str, torch.Tensor]] = field(default_factory=dict)
    loaded: dict[str, int] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)

    @property
    def programs(self) -> list[Program]:
        """Every program that touched one of the tensors, in order."""
        return sorted({*self.reads, *self.writes})

    def read(self, name: str, *program: int) -> torch.Tensor:
        """Return a bool tensor of the named tensor's shape: True where the program with this id read.

        An id that is not given in full is filled up with zeros: `read("x", 3)` is program (3, 0, 0).
        """
        return self._touched(self.reads, name, program)

    def written(self, name: str, *program: int) -> torch.Tensor:
        """Return a bool tensor of the named tensor's shape: True where the program with this id wrote."""
        return self._touched(self.writes, name, program)

    def _touched(
        self, kind: dict[Program, dict[str, torch.Tensor]], name: str, program: tuple[int, ...]
    ) -> torch.Tensor:
        if name not in self.shapes:
            raise ValueError(
                f"trace: {name!r} was not recorded; recorded were {', '.join(self.shapes)}"
            )
        x, y, z = (*program, 0, 0, 0)[:3]
        mask = torch.zeros(self.shapes[name], dtype=torch.bool)
        mask.view(-1)[kind.get((x, y, z), {}).get(name, torch.empty(0, dtype=torch.int64))] = True
        return mask


class _Memory:
    """Where a tensor lies, to find the element at an address."""

    def __init__(self, name: str, tensor: torch.Tensor) -> None:
        if tensor.device.type != "cpu" or tensor.numel() == 0:
            raise ValueError(
                f"trace: {name} is on {tensor.device} with {tensor.numel()} elements; "
                "give a tensor on the CPU that has elements"
            )
        self.base, self.size = tensor.data_ptr(), tensor.element_size()
        places = torch.zeros((), dtype=torch.int64)
        for length, stride in zip(tensor.shape, tensor.stride(), strict=True):
            places = places[..., None] + torch.arange(length) * stride
        places = places.reshape(-1)
        self.element = torch.full((int(places.max()) + 1,), -1, dtype=torch.int64)
        self.element[places] = torch.arange(tensor.numel())
        if int((self.element >= 0).sum()) != tensor.numel():
            raise ValueError(
                f"trace: elements of {name} share memory (strides {tuple(tensor.stride())}), so that an address does "
                "not tell them apart; give a tensor that was not expanded"
            )

    def find(self, addresses: torch.Tensor) -> torch.Tensor:
        places = torch.div(addresses - self.base, self.size, rounding_mode="floor")
        places = places[(places >= 0) & (places < len(self.element))]
        found = self.element[places]
        return found[found >= 0]


@contextlib.contextmanager
def record(**tensors: torch.Tensor) -> Iterator[Seen]:
    """Record what every program that runs in the block reads and writes of the named tensors.

    Args:
        tensors: what to watch, by the name that the result shall use. Strides are as they like, but no two elements may
            share memory. Accesses to other memory are not recorded.

    Returns:
        `Seen`, filled when the block ends.

    Raises:
        ValueError: outside the interpreter, for tensors that cannot be told apart, or if this version of Triton's
            interpreter is built otherwise.

    >>> x, y = torch.arange(8.0), torch.empty(8)
    >>> with record(x=x, y=y) as seen:
    ...     launch = _backwards[(2,)](x, y, BLOCK=4)
    >>> seen.reads[1, 0, 0]["x"].tolist(), seen.writes[1, 0, 0]["y"].tolist(), seen.loaded["x"]
    ([4, 5, 6, 7], [0, 1, 2, 3], 8)
    """
    builder, methods = _builder()
    memory = {name: _Memory(name, tensor) for name, tensor in tensors.items()}
    touched: dict[str, dict[tuple[Program, str], list[torch.Tensor]]] = {
        "reads": defaultdict(list),
        "writes": defaultdict(list),
    }

    def note(kinds: tuple[str, ...], program: Program, addresses: torch.Tensor) -> None:
        for name, where in memory.items():
            found = where.find(addresses)
            if found.numel():
                for kind in kinds:
                    touched[kind][program, name].append(found)

    seen = Seen({name: tensor.shape for name, tensor in tensors.items()})
    for name, method in methods.items():
        setattr(builder, name, _watching(method, *_WATCHED[name], note))
    try:
        yield seen
    finally:
        for name, method in methods.items():
            setattr(builder, name, method)
        for kind, result, total in (
            ("reads", seen.reads, seen.loaded),
            ("writes", seen.writes, seen.stored),
        ):
            total.update(dict.fromkeys(tensors, 0))
            for (program, name), parts in touched[kind].items():
                elements = torch.cat(parts)
                total[name] += elements.numel()
                result.setdefault(program, {})[name] = elements.unique(sorted=True)


def _watching(
    method: Callable[..., Any],
    address: str,
    mask: str | None,
    kinds: tuple[str, ...],
    note: Callable[[tuple[str, ...], Program, torch.Tensor], None],
) -> Callable[..., Any]:
    signature = inspect.signature(method)

    def watching(self: Any, *args: Any, **keywords: Any) -> Any:
        given = signature.bind(self, *args, **keywords).arguments
        addresses = _values(given[address], "int64")
        if mask is not None:
            addresses = addresses[_values(given[mask], "bool").expand(addresses.shape)]
        note(kinds, tuple(self.grid_idx), addresses)
        return method(self, *args, **keywords)

    return watching


def _values(handle: Any, kind: str) -> torch.Tensor:
    """Return what one of the interpreter's handles holds; some masks come as bare arrays."""
    array = handle if hasattr(handle, "astype") else handle.data
    return torch.from_numpy(array.astype(kind).reshape(-1))


def _builder() -> tuple[Any, dict[str, Any]]:
    """Return the interpreter's builder and its watched methods, or say why there are none."""
    if not interpreted():
        raise ValueError(
            "trace: programs can be watched in Triton's interpreter only; set TRITON_INTERPRET=1 before Python starts"
        )
    from triton.runtime import interpreter

    builder: Any = getattr(interpreter, "InterpreterBuilder", None)
    methods: dict[str, Any] = {name: getattr(builder, name, None) for name in _WATCHED}
    for name, method in methods.items():
        needed = [argument for argument in _WATCHED[name][:2] if argument is not None]
        if method is None or not set(needed) <= set(inspect.signature(method).parameters):
            raise ValueError(
                f"trace: the interpreter of Triton {triton.__version__} has no {name}({', '.join(needed)}) to watch; "
                "use Triton 3.6 or 3.7"
            )
    return builder, methods


@triton.jit
def _backwards(x, y, BLOCK: tl.constexpr):
    """Copy block i of x to block -1 - i of y: the smallest kernel whose reads and writes differ."""
    inside = tl.arange(0, BLOCK)
    program, last = tl.program_id(0), tl.num_programs(0) - 1
    tl.store(y + (last - program) * BLOCK + inside, tl.load(x + program * BLOCK + inside))
