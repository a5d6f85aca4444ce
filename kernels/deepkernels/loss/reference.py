"""What the cross-entropy should give: PyTorch's own, in float64."""

import torch


def reference(
    logits: torch.Tensor,
    labels: torch.Tensor,
    reduction: str = "mean",
    dloss: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss and its gradient with respect to the logits, both in float64 on the CPU.

    >>> loss, gradient = reference(torch.zeros(1, 2), torch.tensor([0]))
    >>> round(loss.item(), 4), gradient.tolist()
    (0.6931, [[-0.5, 0.5]])
    """
    logits = logits.detach().cpu().double().requires_grad_()
    loss = torch.nn.functional.cross_entropy(logits, labels.cpu().long(), reduction=reduction)
    dloss = torch.ones_like(loss) if dloss is None else dloss.detach().cpu().double()
    (gradient,) = torch.autograd.grad(loss, logits, dloss)
    return loss.detach(), gradient
