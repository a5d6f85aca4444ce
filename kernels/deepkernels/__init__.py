"""Triton kernels for matrix product, convolution, pooling and recurrence, forward and backward.

Public functions take torch tensors, keep PyTorch's names, argument order, shapes and meaning, and are differentiable.
They run on a GPU; where there is none, set ``TRITON_INTERPRET=1`` before Python starts, and every kernel runs in
Triton's interpreter on the CPU, slowly and exactly. The package imports torch and triton, nothing else.

Functions share the names of their rooms and win: ``deepkernels.matmul`` is the function, and what lies in the room is
imported by its path, ``from deepkernels.matmul.ladder import tiled``.
"""

from deepkernels import interpreter, launch
from deepkernels.conv2d.op import conv2d
from deepkernels.fused.op import conv2d_relu_pool
from deepkernels.loss.op import cross_entropy
from deepkernels.matmul.op import matmul
from deepkernels.pool2d.op import avg_pool2d, max_pool2d
from deepkernels.recurrent.op import gru, gru_cell, lstm, lstm_cell

__all__ = [
    "avg_pool2d",
    "conv2d",
    "conv2d_relu_pool",
    "cross_entropy",
    "gru",
    "gru_cell",
    "lstm",
    "lstm_cell",
    "matmul",
    "max_pool2d",
]

if launch.interpreted():
    interpreter.hasten()
