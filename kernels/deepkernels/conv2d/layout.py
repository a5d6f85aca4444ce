"""How tensors of a convolution lie in memory: channels last, so that kernels see N, H, W, C."""

import torch


def channels_last(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor in PyTorch's channels-last format: itself if it lies so already, else a copy.

    The copy is one pass over the memory and belongs to the layout, not to the convolution: a network that keeps its
    activations and weights in ``torch.channels_last`` never pays for it. Weights (K, C, R, S) lie as K, R, S, C.

    >>> channels_last(torch.zeros(2, 3, 4, 5)).stride()
    (60, 1, 15, 3)
    """
    return tensor.contiguous(memory_format=torch.channels_last)


def empty(shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    """Return uninitialised channels-last memory of a logical shape (N, C, H, W).

    >>> empty((2, 3, 4, 5), torch.zeros(1)).stride()
    (60, 1, 15, 3)
    """
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )


def matrix(tensor: torch.Tensor) -> torch.Tensor:
    """Return a channels-last tensor (N, C, H, W) as the matrix (N · H · W, C) that it is in memory.

    >>> matrix(channels_last(torch.zeros(2, 3, 4, 5))).shape
    torch.Size([40, 3])
    """
    n, c, h, w = tensor.shape
    return tensor.as_strided((n * h * w, c), (c, 1))


def precision(dtype: torch.dtype) -> str:
    """Return how float32 operands are multiplied: "tf32" (on tensor cores) or "ieee".

    It is PyTorch's switch for convolutions, ``torch.backends.cudnn.allow_tf32``, on by default. Kernels look at it for
    float32 alone, and the interpreter never: there float32 is multiplied in full.
    """
    tensor_cores = dtype == torch.float32 and torch.backends.cudnn.allow_tf32
    return "tf32" if tensor_cores else "ieee"
