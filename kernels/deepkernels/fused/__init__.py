"""Convolution, bias, ReLU and maximum pooling in one kernel."""

from deepkernels.fused.op import conv2d_relu_pool

__all__ = ["conv2d_relu_pool"]
