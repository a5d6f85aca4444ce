"""Reverse-mode differentiation on NumPy arrays."""

from deeplearning.autograd.functions import (
    cat,
    from_numpy,
    ones,
    rand,
    randn,
    stack,
    tensor,
    where,
    zeros,
)
from deeplearning.autograd.gradcheck import gradcheck, numerical_gradient
from deeplearning.autograd.mode import is_grad_enabled, no_grad
from deeplearning.autograd.operation import Operation
from deeplearning.autograd.random import manual_seed
from deeplearning.autograd.tensor import Tensor, apply

__all__ = [
    "Operation",
    "Tensor",
    "apply",
    "cat",
    "from_numpy",
    "gradcheck",
    "is_grad_enabled",
    "manual_seed",
    "no_grad",
    "numerical_gradient",
    "ones",
    "rand",
    "randn",
    "stack",
    "tensor",
    "where",
    "zeros",
]
