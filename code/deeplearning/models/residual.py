"""The residual block, written once for every engine."""

from functools import cache
from typing import Any

from deeplearning import nn as own_nn
from deeplearning.models.mlp import ACTIVATIONS

NORMALISATIONS = {"batch": "BatchNorm1d", "layer": "LayerNorm"}


def activated(
    width: int, activation: str, normalisation: str | None, dropout: float, nn: Any
) -> list[Any]:
    """Return the modules between two weight matrices: a normalisation if wanted, the activation, dropout if wanted.

    ``width`` is the number of units that they act on; ``activation`` is relu, sigmoid, tanh or identity,
    ``normalisation`` batch, layer or None, ``dropout`` a probability. ``ValueError`` for anything else, and for a
    namespace that lacks a layer.

    >>> [type(module).__name__ for module in activated(8, "relu", None, 0.5, own_nn)]
    ['ReLU', 'Dropout']
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation={activation!r}; give one of {', '.join(ACTIVATIONS)}")
    if normalisation is not None and normalisation not in NORMALISATIONS:
        raise ValueError(
            f"normalisation={normalisation!r}; give one of {', '.join(NORMALISATIONS)}, or None"
        )
    modules = []
    for name in (NORMALISATIONS.get(normalisation or ""), "Dropout" if dropout else None):
        if name and not hasattr(nn, name):
            raise ValueError(f"{nn.__name__} has no {name}; give the nn of another engine")
    if normalisation is not None:
        modules.append(getattr(nn, NORMALISATIONS[normalisation])(width))
    modules.append(getattr(nn, ACTIVATIONS[activation])())
    if dropout:
        modules.append(nn.Dropout(dropout))
    return modules


@cache
def residual_block(nn: Any = own_nn) -> Any:
    r"""Return the class ``ResidualBlock``, a subclass of the engine's ``nn.Module``.

    :math:`Z' = S(Z) + F(Z)` with :math:`F(Z) = \varphi(Z) W^\top + b`, in the pre-activation form: the activation,
    and a normalisation before it, come first, and nothing stands on the way of :math:`Z`. :math:`S` is the identity,
    or a projection :math:`Z W_s^\top` where the widths differ. With ``layers=2`` the branch :math:`F` has two weight
    matrices, each with its activation before it.

    ``ResidualBlock(inputs, outputs, activation, normalisation, dropout, layers)`` maps (N, inputs) to (N, outputs);
    the four last arguments are those of :func:`activated`, and a positive integer. Source: :cite:`he2016b`.

    >>> from deeplearning.autograd import ones
    >>> residual_block(own_nn)(3, 5)(ones(2, 3)).shape
    (2, 5)
    """

    class ResidualBlock(nn.Module):
        def __init__(
            self,
            inputs: int,
            outputs: int,
            activation: str = "relu",
            normalisation: str | None = None,
            dropout: float = 0.0,
            layers: int = 1,
        ) -> None:
            super().__init__()
            modules = []
            for layer in range(layers):
                width = inputs if layer == 0 else outputs
                modules += activated(width, activation, normalisation, dropout, nn)
                modules.append(nn.Linear(width, outputs))
            self.branch = nn.Sequential(*modules)
            same = inputs == outputs
            self.skip = nn.Identity() if same else nn.Linear(inputs, outputs, bias=False)

        def forward(self, z: Any) -> Any:
            return self.skip(z) + self.branch(z)

    return ResidualBlock
