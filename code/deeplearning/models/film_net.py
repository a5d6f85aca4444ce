"""A small network for films, written once for every engine: convolved over time, or frame by frame."""

from typing import Any

from deeplearning import nn as own_nn

KINDS = ("3d", "2d", "stacked")


def film_net(
    kind: str = "3d", frames: int = 5, classes: int = 8, width: int = 12, nn: Any = own_nn
) -> Any:
    r"""Make a network for films (N, frames, H, W) with two convolutions, a mean over all places, and a linear layer.

    ``3d`` has kernels of 3 frames × 3 × 3 pixels. ``2d`` has kernels of 3 × 3 pixels, sees every frame by itself and
    takes the mean over the frames at the end. ``stacked`` has 3 × 3 kernels too, and the frames are the channels of
    one image. The first convolution moves by 2 pixels in all of them. ``width`` is the number of its feature maps, the
    second convolution has twice as many. Result: scores (N, classes).
    ``ValueError`` for another kind.

    >>> from deeplearning.autograd import zeros
    >>> film_net("3d")(zeros(2, 5, 16, 16)).shape
    (2, 8)
    """
    if kind not in KINDS:
        raise ValueError(f"film_net: kind={kind!r}; give one of {', '.join(KINDS)}")
    if kind == "3d":
        stride: Any = (1, 2, 2)
        first = nn.Conv3d(1, width, 3, stride=stride, padding=1)
        second = nn.Conv3d(width, 2 * width, 3, padding=1)
    else:
        first = nn.Conv2d(frames if kind == "stacked" else 1, width, 3, stride=2, padding=1)
        second = nn.Conv2d(width, 2 * width, 3, padding=1)

    class FilmNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(first, nn.ReLU(), second, nn.ReLU())
            self.scores = nn.Linear(2 * width, classes)

        def forward(self, films: Any) -> Any:
            count, _, height, breadth = films.shape
            if kind == "3d":
                maps = self.features(films.reshape(count, 1, frames, height, breadth))
                return self.scores(maps.mean((2, 3, 4)))
            if kind == "stacked":
                return self.scores(self.features(films).mean((2, 3)))
            maps = self.features(films.reshape(count * frames, 1, height, breadth)).mean((2, 3))
            return self.scores(maps.reshape(count, frames, 2 * width).mean(1))

    return FilmNet()
