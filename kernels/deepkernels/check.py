"""Argument checks: what was given, what is accepted, what to do."""

from collections.abc import Sequence

import torch

from deepkernels.launch import interpreted

FLOATS = (torch.float16, torch.bfloat16, torch.float32)
ACTIVATIONS = (None, "relu", "tanh", "sigmoid")


def tensors(op: str, dtypes: Sequence[torch.dtype] = FLOATS, **named: torch.Tensor | None) -> None:
    """Refuse tensors that a kernel cannot read together: other types, devices or dtypes.

    float64 is accepted in the interpreter besides ``dtypes``, for ``torch.autograd.gradcheck``. None is skipped.

    >>> tensors("matmul", a=torch.zeros(2, dtype=torch.int32))
    Traceback (most recent call last):
        ...
    ValueError: matmul: a is torch.int32; give float16, bfloat16, float32
    """
    accepted = (*dtypes, torch.float64) if interpreted() and dtypes == FLOATS else tuple(dtypes)
    first = None
    for name, tensor in named.items():
        if tensor is None:
            continue
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{op}: {name} is a {type(tensor).__name__}; give a torch.Tensor")
        if tensor.dtype not in accepted:
            shown = ", ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)
            raise ValueError(f"{op}: {name} is {tensor.dtype}; give {shown}")
        first = first or (name, tensor)
        if tensor.dtype != first[1].dtype:
            raise ValueError(
                f"{op}: {first[0]} is {first[1].dtype} and {name} is {tensor.dtype}; give one dtype"
            )
        device(op, name, tensor)
        if tensor.device != first[1].device:
            raise ValueError(
                f"{op}: {first[0]} is on {first[1].device} and {name} on {tensor.device}; give one device"
            )


def device(op: str, name: str, tensor: torch.Tensor) -> None:
    """Refuse a tensor where no kernel can run.

    >>> device("matmul", "a", torch.empty(2, device="meta"))
    Traceback (most recent call last):
        ...
    ValueError: matmul: a is on meta; give a tensor on a GPU, or on the CPU with TRITON_INTERPRET=1
    """
    if tensor.device.type == ("cpu" if interpreted() else "cuda"):
        return
    raise ValueError(
        f"{op}: {name} is on {tensor.device}; give a tensor on a GPU, or on the CPU with TRITON_INTERPRET=1"
    )


def require(op: str, condition: bool, message: str) -> None:
    """Raise ``ValueError`` with the operation's name unless the condition holds.

    >>> require("conv2d", False, "stride=0; give a positive integer")
    Traceback (most recent call last):
        ...
    ValueError: conv2d: stride=0; give a positive integer
    """
    if not condition:
        raise ValueError(f"{op}: {message}")


def activation(op: str, name: str | None) -> str:
    """Return the activation's name as kernels know it, "none" for None.

    >>> activation("matmul", None)
    'none'
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"{op}: activation={name!r}; give None, 'relu', 'tanh' or 'sigmoid'")
    return name or "none"
