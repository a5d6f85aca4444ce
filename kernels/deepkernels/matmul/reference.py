"""What a product computes, in float64: the oracle of the tests."""

import torch

FUNCTIONS = {
    None: lambda z: z,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


def matmul_reference(
    a: torch.Tensor,
    b: torch.Tensor,
    bias: torch.Tensor | None = None,
    activation: str | None = None,
) -> torch.Tensor:
    r"""Return :math:`\varphi(A B + \beta)` in float64 on the CPU, by PyTorch; differentiable.

    Args:
        a: (…, M, K).
        b: (…, K, N).
        bias: (N,) or None.
        activation: None, "relu", "tanh" or "sigmoid".

    Returns:
        (…, M, N), float64.

    >>> matmul_reference(torch.ones(1, 2), torch.tensor([[1.0], [2.0]]), torch.tensor([-4.0]), "relu")
    tensor([[0.]], dtype=torch.float64)
    """
    z = a.cpu().double() @ b.cpu().double()
    return FUNCTIONS[activation](z if bias is None else z + bias.cpu().double())
