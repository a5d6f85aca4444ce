"""Maximum and average pooling of images, forward and backward, without atomic additions."""

from deepkernels.pool2d.op import avg_pool2d, max_pool2d

__all__ = ["avg_pool2d", "max_pool2d"]
