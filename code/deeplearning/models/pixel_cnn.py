"""A convolutional network that writes a picture pixel by pixel, written once for every engine."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.autograd import Tensor
from deeplearning.engines import Engine

FIRST = 7  # taps along a side of the first kernel


def causal_mask(kernel_size: int, own: bool) -> np.ndarray:
    """Return which taps of a kernel lie before its middle, read row by row, (k, k) of ones and zeros.

    ``own`` says whether the middle counts too: not for the first layer, whose middle is the pixel to be guessed.
    ``ValueError`` for an even ``kernel_size``, which has no middle.

    >>> causal_mask(3, own=False).astype(int).tolist()
    [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    """
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"causal_mask: kernel_size={kernel_size}; give an odd number, 1, 3, 5, …")
    place = np.arange(kernel_size**2).reshape(kernel_size, kernel_size)
    return (place < kernel_size**2 // 2 + own).astype(np.float32)


@cache
def masked_conv2d(nn: Any = own_nn) -> Any:
    r"""Return the class ``MaskedConv2d``: a convolution that sees what comes before a pixel, and nothing after it.

    The kernel is multiplied with :func:`causal_mask` each time, :math:`y = (m \odot w) * x + b`, so that masked taps
    stay 0 and have a gradient of 0. ``MaskedConv2d(inputs, maps, kernel_size, own, dilation)`` takes (N, inputs, H, W)
    to (N, maps, H, W) :cite:`vandenoord2016`.

    >>> from deeplearning.autograd import ones
    >>> layer = masked_conv2d()(1, 4, 3, own=True)
    >>> layer(ones(2, 1, 5, 5)).shape
    (2, 4, 5, 5)
    """

    class MaskedConv2d(nn.Conv2d):
        def __init__(
            self, inputs: int, maps: int, kernel_size: int, own: bool, dilation: int = 1
        ) -> None:
            side = dilation * (kernel_size // 2)
            super().__init__(inputs, maps, kernel_size, padding=side, dilation=dilation)
            self.register_buffer("mask", _tensor(causal_mask(kernel_size, own), nn))

        def forward(self, x: Any) -> Any:
            return nn.functional.conv2d(
                x, self.weight * self.mask, self.bias, padding=self.padding, dilation=self.dilation
            )

    return MaskedConv2d


def pixel_cnn(
    width: int = 32, dilations: Sequence[int] = (1, 2, 4, 1, 2, 4), nn: Any = own_nn
) -> Any:
    r"""Make a small PixelCNN :cite:`vandenoord2016` for pictures of zeros and ones.

    :math:`p(\mathbf{x}) = \prod_d p(x_d \mid x_1, \dots, x_{d-1})`, pixels read row by row, and
    :math:`p(x_d = 1 \mid \dots) = \sigma(s_d)`. A masked convolution of 7 × 7 without its middle; for each of the
    ``dilations`` a block :math:`h \leftarrow h + \mathrm{conv}(\max(0, h))` with a masked kernel of 3 × 3 taps, that
    far apart; then two layers for each pixel by itself. ``width`` is the number of maps. Input (N, 1, H, W), scores of
    the same shape: every pixel's at once, because in training all pixels are known. The paper's network is larger and
    has gates in a later version; taps that lie apart are an addition of ours, which widens what it sees.

    >>> from deeplearning.autograd import zeros
    >>> network = pixel_cnn()
    >>> network(zeros(2, 1, 28, 28)).shape, sum(p.size for p in network.parameters())
    ((2, 1, 28, 28), 59265)
    """
    masked = masked_conv2d(nn)

    class PixelCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = masked(1, width, FIRST, own=False)
            self.blocks = nn.Sequential(*(masked(width, width, 3, True, gap) for gap in dilations))
            self.relu = nn.ReLU()
            self.mix = nn.Conv2d(width, 64, 1)
            self.score = nn.Conv2d(64, 1, 1)

        def forward(self, x: Any) -> Any:
            h = self.first(x)  # (N, width, H, W)
            for block in self.blocks:
                h = h + block(self.relu(h))
            return self.score(self.relu(self.mix(self.relu(h))))

    return PixelCNN()


def log_likelihood(model: Any, x: np.ndarray, engine: Engine, batch_size: int = 100) -> np.ndarray:
    r"""Return :math:`\ln p(\mathbf{x}) = \sum_d \ln p(x_d \mid x_1, \dots, x_{d-1})` in nats, (N,).

    x (N, 1, H, W) of zeros and ones; exact, up to rounding.
    """
    parts = []
    with engine.no_grad():
        for start in range(0, len(x), batch_size):
            pictures = x[start : start + batch_size]
            scores = engine.to_numpy(model(engine.tensor(pictures))).astype(np.float64)
            parts.append((pictures * scores - np.logaddexp(0, scores)).sum(axis=(1, 2, 3)))
    return np.concatenate(parts)


def draw(
    state: Mapping[str, np.ndarray],
    uniforms: np.ndarray,
    dilations: Sequence[int] = (1, 2, 4, 1, 2, 4),
) -> tuple[np.ndarray, np.ndarray]:
    """Write pictures, pixel by pixel, with the weights of :func:`pixel_cnn`: pixel d is 1 where uₙ,d < p(x_d = 1 | …).

    ``state`` is the model's state as arrays, ``dilations`` those it was made with, ``uniforms`` (N, H, W) numbers from
    [0, 1). Returns the pictures and the probabilities that each pixel had, both (N, H, W).

    The network is not run anew for every pixel. What a layer has computed at earlier pixels never changes any more,
    because no later pixel reaches it; so it is kept, and each layer computes one pixel.
    """
    count, height, width = uniforms.shape
    layers = [_Layer(state, "first", 1, count, height, width)]
    layers += [
        _Layer(state, f"blocks.{number}", gap, count, height, width)
        for number, gap in enumerate(dilations)
    ]
    mix, score = (state[f"{name}.weight"][:, :, 0, 0].T for name in ("mix", "score"))
    pictures = np.zeros((height, width, count), np.float32)
    chances = np.zeros((height, width, count), np.float32)
    for i in range(height):
        for j in range(width):
            h = layers[0](i, j)  # (N, width)
            for layer in layers[1:]:
                layer.keep(i, j, np.maximum(h, 0))
                h = h + layer(i, j)
            h = np.maximum(np.maximum(h, 0) @ mix + state["mix.bias"], 0)
            s = (h @ score + state["score.bias"])[:, 0]
            chances[i, j] = 1 / (1 + np.exp(-s))
            pictures[i, j] = uniforms[:, i, j] < chances[i, j]
            layers[0].keep(i, j, pictures[i, j][:, None])
    return pictures.transpose(2, 0, 1), chances.transpose(2, 0, 1)


class _Layer:
    """A masked convolution at one pixel after the other, with all that it has been given so far."""

    def __init__(
        self,
        state: Mapping[str, np.ndarray],
        name: str,
        gap: int,
        count: int,
        height: int,
        width: int,
    ) -> None:
        weight, mask = state[f"{name}.weight"], state[f"{name}.mask"]
        taps = np.argwhere(mask > 0)
        self.matrix = np.concatenate([weight[:, :, r, t] for r, t in taps], axis=1).T.copy()
        self.bias = state[f"{name}.bias"]
        self.taps = [(gap * int(r), gap * int(t)) for r, t in taps]
        self.edge = gap * (len(mask) // 2)
        size = (height + 2 * self.edge, width + 2 * self.edge, count, weight.shape[1])
        self.kept = np.zeros(size, np.float32)  # the zeros around it are the padding

    def keep(self, i: int, j: int, values: np.ndarray) -> None:
        self.kept[i + self.edge, j + self.edge] = values

    def __call__(self, i: int, j: int) -> np.ndarray:
        seen = [self.kept[i + r, j + t] for r, t in self.taps]
        result: np.ndarray = np.concatenate(seen, axis=1) @ self.matrix + self.bias
        return result


def _tensor(array: np.ndarray, nn: Any) -> Any:
    """Return an array as a tensor of the engine to which the namespace belongs."""
    if nn is own_nn:
        return Tensor(array)
    import torch

    return torch.tensor(array)
