"""What pooling should give: PyTorch's own, in float64."""

import torch


def reference(
    x: torch.Tensor, kind: str, dy: torch.Tensor | None = None, **arguments: object
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the result of pooling and, for a gradient ``dy`` of it, that of x; both in float64 on the CPU.

    Args:
        x: (N, C, H, W).
        kind: "max" or "avg".
        dy: (N, C, P, Q), ones if it is not given.
        arguments: of ``torch.nn.functional.max_pool2d`` or ``avg_pool2d``.

    >>> y, dx = reference(torch.tensor([[[[1.0, 3.0]]]]), "max", kernel_size=(1, 2))
    >>> y.item(), dx.tolist()
    (3.0, [[[[0.0, 1.0]]]])
    """
    x = x.detach().cpu().double().contiguous().requires_grad_()
    pooled = getattr(torch.nn.functional, f"{kind}_pool2d")(x, **arguments)
    dy = torch.ones_like(pooled) if dy is None else dy.detach().cpu().double()
    (dx,) = torch.autograd.grad(pooled, x, dy)
    return pooled.detach(), dx
