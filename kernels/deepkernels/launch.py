"""What a launch needs to know of the machine."""

import contextlib
import functools
import os
from collections.abc import Iterator

import torch
import triton

SHARED_MEMORY = {
    "sm_80": 166_912,
    "sm_90": 232_448,
    "gfx942": 65_536,
}  # bytes that one program may use
INTERPRETED_PROCESSORS = 4  # small, so that a persistent kernel's loop really loops


def interpreted() -> bool:
    """Return whether kernels run in Triton's interpreter; decided by TRITON_INTERPRET when Triton was imported."""
    return os.environ.get("TRITON_INTERPRET", "0").lower() in ("1", "on", "true", "yes")


def cdiv(a: int, b: int) -> int:
    """Return a / b, rounded up.

    >>> cdiv(7, 4)
    2
    """
    return -(-a // b)


@functools.cache
def _processors(index: int) -> int:
    return torch.cuda.get_device_properties(index).multi_processor_count


def processors(device: torch.device) -> int:
    """Return how many streaming multiprocessors the device has; 4 in the interpreter.

    >>> processors(torch.device("cpu"))
    4
    """
    if device.type != "cuda":
        return INTERPRETED_PROCESSORS
    return _processors(torch.cuda.current_device() if device.index is None else device.index)


@functools.cache
def target(device: torch.device) -> str:
    """Return the device's instruction set, "sm_90", "gfx942" …; in the interpreter "sm_90", though nothing compiles.

    >>> target(torch.device("cpu"))
    'sm_90'
    """
    if device.type != "cuda":
        return "sm_90"
    if torch.version.hip:
        return torch.cuda.get_device_properties(device).gcnArchName.split(":")[0]
    major, minor = torch.cuda.get_device_capability(device)
    return f"sm_{major}{minor}"


def describable(*tensors: torch.Tensor) -> bool:
    """Return whether tensor descriptors can address the tensors.

    The tensor memory accelerator wants a base address that is a multiple of 16 bytes, a last stride of 1 and all
    other strides in multiples of 16 bytes.

    >>> describable(torch.empty(4, 8, dtype=torch.float16)), describable(torch.empty(4, 7, dtype=torch.float16))
    (True, False)
    """
    for tensor in tensors:
        size = tensor.element_size()
        if tensor.data_ptr() % 16 or tensor.numel() == 0 or tensor.stride(-1) != 1:
            return False
        if any(stride * size % 16 for stride in tensor.stride()[:-1]):
            return False
    return True


def _allocate(size: int, alignment: int, stream: int | None) -> torch.Tensor:
    device = "cpu" if interpreted() else "cuda"
    return torch.empty(size, device=device, dtype=torch.int8)


def prepare() -> None:
    """Give Triton an allocator: descriptors made on the device are written to memory first."""
    triton.set_allocator(_allocate)


@contextlib.contextmanager
def on(tensor: torch.Tensor) -> Iterator[None]:
    """Launch on the tensor's own device."""
    if tensor.device.type == "cuda":
        with torch.cuda.device(tensor.device):
            yield
    else:
        yield
