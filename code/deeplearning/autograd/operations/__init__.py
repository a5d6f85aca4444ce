"""The differentiable operations, one class each, forward above backward."""

from deeplearning.autograd.operations.arithmetic import (
    Add,
    Divide,
    Multiply,
    Negative,
    Power,
    Subtract,
)
from deeplearning.autograd.operations.convolution import Convolution, ConvolutionTranspose
from deeplearning.autograd.operations.elementwise import (
    GELU,
    Absolute,
    Exp,
    Log,
    ReLU,
    Sigmoid,
    Sqrt,
    Tanh,
)
from deeplearning.autograd.operations.embedding import Embedding
from deeplearning.autograd.operations.linear import Linear, MatMul
from deeplearning.autograd.operations.loss import (
    BinaryCrossEntropy,
    CrossEntropy,
    Dropout,
    LogSoftmax,
    Softmax,
)
from deeplearning.autograd.operations.normalisation import BatchNorm, LayerNorm
from deeplearning.autograd.operations.packing import Pick, Place
from deeplearning.autograd.operations.pooling import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    MaxPool,
)
from deeplearning.autograd.operations.recurrence import GRU, LSTM, RNN
from deeplearning.autograd.operations.reduction import Extremum, Mean, Sum
from deeplearning.autograd.operations.shape import (
    Concatenate,
    Index,
    Permute,
    Reshape,
    Stack,
    Where,
)
from deeplearning.autograd.operations.upsampling import UpsampleBilinear, UpsampleNearest

__all__ = [
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "Absolute",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "Add",
    "AvgPool",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Concatenate",
    "Convolution",
    "ConvolutionTranspose",
    "CrossEntropy",
    "Divide",
    "Dropout",
    "Embedding",
    "Exp",
    "Extremum",
    "Index",
    "LayerNorm",
    "Linear",
    "Log",
    "LogSoftmax",
    "MatMul",
    "MaxPool",
    "Mean",
    "Multiply",
    "Negative",
    "Permute",
    "Pick",
    "Place",
    "Power",
    "ReLU",
    "Reshape",
    "Sigmoid",
    "Softmax",
    "Sqrt",
    "Stack",
    "Subtract",
    "Sum",
    "Tanh",
    "UpsampleBilinear",
    "UpsampleNearest",
    "Where",
]
