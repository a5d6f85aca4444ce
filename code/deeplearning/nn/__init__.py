"""Layers, losses and initialisers under PyTorch's names."""

from deeplearning.nn import functional, init, utils
from deeplearning.nn.convolution import Conv1d, Conv2d, Conv3d, ConvTranspose2d
from deeplearning.nn.embedding import Embedding
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
from deeplearning.nn.normalisation import BatchNorm1d, BatchNorm2d, LayerNorm
from deeplearning.nn.pooling import (
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
)
from deeplearning.nn.recurrent import GRU, LSTM, RNN
from deeplearning.nn.recurrent_cells import GRUCell, LSTMCell, RNNCell
from deeplearning.nn.upsampling import Upsample

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "Identity",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool1d",
    "MaxPool2d",
    "Module",
    "Parameter",
    "RNNCell",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Upsample",
    "functional",
    "init",
    "utils",
]
