"""Training in bfloat16 on the CPU: a network that computes in 16 bits and learns in 32."""

import torch


class InBfloat16(torch.nn.Module):
    """A PyTorch network whose convolutions and linear layers compute in bfloat16, while its weights stay float32.

    A bfloat16 has the range of a float32 and 8 bits of its 24 of precision; processors with instructions for it
    multiply several times as many a second :cite:`kalamkar2019`. Each product rounds its operands and its result and
    adds up in float32, and the maps that pass from layer to layer are bfloat16 too; weights, their gradients and the
    optimiser's steps are float32. Images go through with their channels last in memory, which saves copies.

    ``InBfloat16(model)(x)`` takes what ``model`` takes on the CPU and returns its output, one tensor, as float32.
    Parameters are those of ``model``, which stays what it was: called by itself it computes in float32.

    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> _ = torch.nn.init.constant_(layer.weight, 1 + 2**-9)
    >>> layer(torch.ones(1, 2)).item(), InBfloat16(layer)(torch.ones(1, 2)).item()
    (2.00390625, 2.0)
    """

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.ndim == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            return self.model(x).float()
