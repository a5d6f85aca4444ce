"""The multi-layer perceptron, written once for every engine."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from deeplearning import nn as own_nn

ACTIVATIONS = {"relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "identity": "Identity"}


def mlp(sizes: Sequence[int], activation: str = "relu", nn: Any = own_nn) -> Any:
    r"""Make a multi-layer perceptron with layers of the given sizes, inputs first, outputs last.

    :math:`H^{(l)} = \varphi(H^{(l-1)} W^{(l)\top} + b^{(l)})`, the last layer without :math:`\varphi`: it
    gives scores.

    ``sizes`` are at least two positive integers; ``activation`` is relu, sigmoid, tanh or identity;
    ``nn`` is the namespace of an engine, and the result is its module. Input (N, sizes[0]), output
    (N, sizes[-1]). ``ValueError`` for anything else. Source: Rumelhart, Hinton and Williams (1986).

    >>> from deeplearning.autograd import ones
    >>> mlp([784, 30, 10])(ones(2, 784)).shape
    (2, 10)
    """
    if len(sizes) < 2:
        raise ValueError(
            f"mlp: sizes={list(sizes)}; give at least two, the number of inputs and of outputs"
        )
    if activation not in ACTIVATIONS:
        raise ValueError(f"mlp: activation={activation!r}; give one of {', '.join(ACTIVATIONS)}")
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), getattr(nn, ACTIVATIONS[activation])()]
    return nn.Sequential(*layers[:-1])
