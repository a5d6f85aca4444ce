"""A convolutional network over time, written once for every engine."""

from collections.abc import Sequence
from typing import Any

from deeplearning import nn as own_nn


def sound_cnn(
    coefficients: int = 13,
    widths: Sequence[int] = (32, 64),
    kernel_size: int = 5,
    classes: int = 10,
    nn: Any = own_nn,
) -> Any:
    r"""Make a network of two 1-D convolutions that reads sounds of any length.

    Convolution over time, ReLU, pooling over pairs of frames, convolution, ReLU; then the mean over the frames that
    are real, :math:`z_c = \sum_t m_t h_{ct} / \sum_t m_t`, and a linear layer for the scores. After every convolution
    the padding is set back to zero, so that the answer for a sound does not depend on how far it was padded.

    ``coefficients`` C describe a frame; ``widths`` are the numbers of kernels of the two convolutions, ``kernel_size``
    their length in frames, odd; ``classes`` is K, ``nn`` the namespace of an engine, and the result its module. Input
    (N, C + 1, T), T even: the last channel is the mask, 1 for a frame and 0 for padding, where the others must be zero.
    Output scores (N, K). ``ValueError`` for an even ``kernel_size``, other than two widths, a namespace that lacks a
    layer, and inputs of another shape. Such networks began as time-delay networks :cite:`waibel1989`.

    >>> import torch
    >>> network = sound_cnn(nn=torch.nn)
    >>> network(torch.ones(2, 14, 30)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([2, 10]), 13066)
    """
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"sound_cnn: kernel_size={kernel_size}; give an odd number, 1, 3, 5, …")
    if len(widths) != 2:
        raise ValueError(f"sound_cnn: widths={tuple(widths)}; give two, one a convolution")
    missing = [name for name in ("Conv1d", "MaxPool1d", "Linear") if not hasattr(nn, name)]
    if missing:
        raise ValueError(
            f"sound_cnn: {nn.__name__} has no {' and no '.join(missing)}; give the nn of another engine"
        )

    class SoundCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            first, second = widths
            side = kernel_size // 2
            self.conv1 = nn.Conv1d(coefficients, first, kernel_size, padding=side)
            self.conv2 = nn.Conv1d(first, second, kernel_size, padding=side)
            self.pool = nn.MaxPool1d(2)
            self.relu = nn.ReLU()
            self.score = nn.Linear(second, classes)

        def forward(self, x: Any) -> Any:
            if x.shape[1:2] != (coefficients + 1,) or len(x.shape) != 3 or x.shape[2] % 2:
                raise ValueError(
                    f"SoundCNN: an input of shape {tuple(x.shape)}; give (N, {coefficients + 1}, T) with T even and "
                    "the mask as the last channel, as data.with_mask(*data.pad(sounds, T)) makes it"
                )
            sound, mask = x[:, :coefficients], x[:, coefficients:]  # (N, C, T), (N, 1, T)
            h = self.relu(self.conv1(sound)) * mask  # (N, 32, T)
            h, mask = self.pool(h), self.pool(mask)  # (N, 32, T/2), (N, 1, T/2)
            h = self.relu(self.conv2(h)) * mask  # (N, 64, T/2)
            return self.score(h.sum(2) / mask.sum(2))  # (N, K)

    return SoundCNN()
