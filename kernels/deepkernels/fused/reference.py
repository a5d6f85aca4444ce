"""What the fused operation should give: PyTorch's three, in float64."""

from typing import Any

import torch
import torch.nn.functional as F


def reference(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    dy: torch.Tensor | None = None,
    **options: Any,
) -> tuple[torch.Tensor, ...]:
    """Return the result and the gradients of x, weight and, if there is one, bias; in float64 on the CPU.

    >>> x, weight = torch.arange(4.0).reshape(1, 1, 2, 2), torch.ones(1, 1, 1, 1)
    >>> y, dx, dweight = reference(x, weight)
    >>> y.item(), dx.tolist(), dweight.item()
    (3.0, [[[[0.0, 0.0], [0.0, 1.0]]]], 3.0)
    """
    given = [tensor for tensor in (x, weight, bias) if tensor is not None]
    leaves = [tensor.detach().cpu().double().contiguous().requires_grad_() for tensor in given]
    filtered = F.conv2d(leaves[0], leaves[1], leaves[2] if bias is not None else None, **options)
    y = F.max_pool2d(F.relu(filtered), 2)
    dy = torch.ones_like(y) if dy is None else dy.detach().cpu().double()
    return y.detach(), *torch.autograd.grad(y, leaves, dy)
