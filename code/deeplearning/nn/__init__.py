"""Layers, losses and initialisers under PyTorch's names."""

from deeplearning.nn import functional, init, utils
from deeplearning.nn.layers import (
    GELU,
    Dropout,
    Flatten,
    Identity,
    LeakyReLU,
    Linear,
    LogSoftmax,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from deeplearning.nn.losses import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from deeplearning.nn.module import Module, Parameter
from deeplearning.nn.normalisation import BatchNorm1d, LayerNorm

__all__ = [
    "GELU",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "functional",
    "init",
    "utils",
]
