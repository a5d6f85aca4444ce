"""The deep multi-layer perceptron with what makes it trainable, written once for every engine."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from deeplearning import nn as own_nn
from deeplearning.models.residual import activated, residual_block


def deep_mlp(
    sizes: Sequence[int],
    activation: str = "relu",
    normalisation: str | None = None,
    dropout: float = 0.0,
    residual: bool = False,
    nn: Any = own_nn,
) -> Any:
    r"""Make a multi-layer perceptron, with normalisation, dropout and residual connections if wanted.

    :math:`Z^{(l+1)} = W^{(l+1)} \varphi(Z^{(l)}) + b^{(l+1)}`, and with ``residual`` :math:`+\,Z^{(l)}` from the
    second hidden layer on: the same parameters and one more term, or a projection of :math:`Z^{(l)}` where the widths
    of the two layers differ. A normalisation acts on :math:`Z` before :math:`\varphi`, dropout after it. The last layer
    gives scores and has no residual connection.

    ``sizes`` are at least two positive integers, inputs first; ``activation`` is relu, sigmoid, tanh or identity,
    ``normalisation`` batch, layer or None, ``dropout`` a probability; ``nn`` is the namespace of an engine, and the
    result is its module. Input (N, sizes[0]), output (N, sizes[-1]). ``ValueError`` for anything else. Sources:
    Rumelhart, Hinton and Williams (1986); :cite:`he2016b` for the residual form.

    >>> from deeplearning.autograd import ones
    >>> deep_mlp([784] + [50] * 10 + [10], "sigmoid", residual=True)(ones(2, 784)).shape
    (2, 10)
    """
    if len(sizes) < 2:
        raise ValueError(
            f"deep_mlp: sizes={list(sizes)}; give at least two, the number of inputs and of outputs"
        )
    ResidualBlock = residual_block(nn)
    between = (activation, normalisation, dropout)  # what stands between two weight matrices
    activated(1, *between, nn)  # refuses the unknown, also if there is no hidden layer
    layers = [nn.Linear(sizes[0], sizes[1])]
    for number, (inputs, outputs) in enumerate(pairwise(sizes[1:]), start=2):
        if residual and number < len(sizes) - 1:
            layers.append(ResidualBlock(inputs, outputs, *between))
        else:
            layers += [*activated(inputs, *between, nn), nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)
