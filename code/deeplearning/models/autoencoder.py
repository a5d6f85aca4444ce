"""The autoencoder, written once for every engine."""

from collections.abc import Sequence
from typing import Any

from deeplearning import nn as own_nn
from deeplearning.models.mlp import mlp


def autoencoder(sizes: Sequence[int], activation: str = "sigmoid", nn: Any = own_nn) -> Any:
    r"""Make a network that is trained to answer with its own input, through a narrow middle.

    :math:`h = f(x)`, :math:`\hat x = g(h)`: the encoder :math:`f` has layers of the given sizes, each with the
    activation; the decoder :math:`g` goes back through the same sizes and ends in scores. For inputs in [0, 1] a
    sigmoid belongs to the loss (``BCEWithLogitsLoss``); for others the scores are the answer (``MSELoss``).

    ``sizes`` are at least two positive integers, inputs first and the code last; ``activation`` and ``nn`` as in
    :func:`deeplearning.models.mlp.mlp`. The result is ``Sequential(encoder, decoder)``, so ``model[0](x)`` is the code.
    Input and output (N, sizes[0]). ``ValueError`` for anything else. Source: :cite:`hinton2006science`.

    >>> from deeplearning.autograd import ones
    >>> model = autoencoder([784, 100, 30])
    >>> model[0](ones(2, 784)).shape, model(ones(2, 784)).shape
    ((2, 30), (2, 784))
    """
    if len(sizes) < 2:
        raise ValueError(
            f"autoencoder: sizes={list(sizes)}; give at least two, the number of inputs and of code units"
        )
    encoder = mlp(sizes, activation, nn)
    squash = type(encoder[1]) if len(encoder) > 1 else type(mlp([1, 1, 1], activation, nn)[1])
    return nn.Sequential(nn.Sequential(*encoder, squash()), mlp(sizes[::-1], activation, nn))
