"""C2: does padding keep the shape, and what does it put into the values at the border?

The shape is counted: for kernels of 1 to 7 pixels, images of 8 to 32 pixels and every padding up to 6 on both sides,
which padding gives back the image's size at stride 1.

The values need a truth to be compared with, so the middle 20 × 20 pixels of Fashion-MNIST images are taken for an
image of their own. The filter's answer near its border is computed once from what padding makes up (zeros, the nearest
pixel, the image mirrored, the opposite side) and once from the pixels that are really there, in the uncut image. The
error of a ring of pixels, all equally far from the border, is the root mean square of the difference, divided by the
root mean square of the true answer on that ring. Filters: binomial blurs of 3 × 3 and 7 × 7 and Sobel's, the
horizontal derivative.

The uncut images lie on black, so that zeros are what is really there, and the error would be 0 by construction. Of
them it is measured how far padding reaches: the share of the 28 × 28 results that change when the padding is of ones
and not of zeros, after 1 to 8 layers of 3 × 3.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deeplearning import data
from deeplearning.autograd import from_numpy, no_grad
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.nn import functional as F

PADDINGS = {"zeros": "constant", "nearest": "edge", "mirrored": "reflect", "opposite": "wrap"}
SIZES = (1, 2, 3, 4, 5, 6, 7)
SMALL = 0.1  # relative error that would pass as kept


@dataclass(frozen=True)
class Config:
    images: int = 500  # a seed
    cut: int = 4  # pixels off every side
    rings: int = 4
    layers: int = 8
    sides: tuple[int, ...] = (8, 17, 28, 32)
    most: int = 6  # padding that is tried

    @classmethod
    def smoke(cls) -> "Config":
        return cls(images=20, layers=3, sides=(8,))


def binomial(size: int) -> np.ndarray:
    """Return the blur whose weights are binomial coefficients, with the sum 1, (size, size).

    >>> binomial(3)[1].tolist()
    [0.125, 0.25, 0.125]
    """
    row = np.ones(1)
    for _ in range(size - 1):
        row = np.convolve(row, [0.5, 0.5])
    return np.outer(row, row).astype(np.float32)


SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
FILTERS = {"blur3": binomial(3), "blur7": binomial(7), "sobel": SOBEL}


def convolve(images: np.ndarray, kernel: np.ndarray, padding: int = 0) -> np.ndarray:
    """Filter images (N, H, W) with our engine."""
    with no_grad():
        y = F.conv2d(from_numpy(images[:, None]), from_numpy(kernel[None, None]), padding=padding)
    return y.numpy()[:, 0]


@lru_cache(maxsize=1)
def clothes() -> np.ndarray:
    return data.fashion_mnist().train_x


def keeps(config: Config, size: int) -> list[int]:
    """Return the paddings on both sides that keep the shape for every side of an image."""
    kernel = np.ones((size, size), np.float32)
    kept = []
    for padding in range(config.most + 1):
        shapes = {
            side: convolve(np.zeros((1, side, side), np.float32), kernel, padding).shape
            for side in config.sides
        }
        if all(shape == (1, side, side) for side, shape in shapes.items()):
            kept.append(padding)
    return kept


def ring(array: np.ndarray, number: int) -> np.ndarray:
    """Return the pixels of images (N, H, W) at one distance from the border, (N, pixels).

    >>> ring(np.arange(16).reshape(1, 4, 4), 1).tolist()
    [[5, 6, 9, 10]]
    """
    height, width = array.shape[1:]
    row, column = np.indices((height, width))
    distance = np.minimum.reduce([row, column, height - 1 - row, width - 1 - column])
    return array[:, distance == number]


def border_errors(config: Config, images: np.ndarray, kernel: np.ndarray, mode: str) -> list[float]:
    """Return the relative error of each ring of the cut image, the outermost first."""
    reach, cut = len(kernel) // 2, config.cut
    truth = convolve(images, kernel, reach)[:, cut:-cut, cut:-cut]
    middle = images[:, cut:-cut, cut:-cut]
    sides = ((0, 0), (reach, reach), (reach, reach))
    made = convolve(np.pad(middle, sides, mode=mode), kernel)  # type: ignore[call-overload]
    errors = []
    for number in range(config.rings):
        true, off = ring(truth, number), ring(made - truth, number)
        errors.append(float(np.sqrt((off**2).mean() / (true**2).mean())))
    return errors


def reached(config: Config, side: int) -> list[float]:
    """Return the share of pixels that padding has reached after each layer of 3 × 3."""
    blur = binomial(3)
    pair = [np.zeros((1, side, side), np.float32) for _ in range(2)]
    shares = []
    for _ in range(config.layers):
        pair = [
            convolve(np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=value), blur)
            for x, value in zip(pair, (0, 1), strict=True)
        ]
        shares.append(float((pair[0] != pair[1]).mean()))
    return shares


def run(config: Config, seed: int) -> dict[str, float | list]:
    chosen = np.random.default_rng([2, seed]).choice(len(clothes()), config.images, replace=False)
    images: np.ndarray = clothes()[chosen]
    result: dict[str, float | list] = {
        # −1 where no padding keeps the shape.
        "padding_that_keeps": [min(keeps(config, size), default=-1) for size in SIZES],
        "share_reached": reached(config, images.shape[1]),
    }
    for name, kernel in FILTERS.items():
        for padding, mode in PADDINGS.items():
            result[f"error_{name}_{padding}"] = border_errors(config, images, kernel, mode)
    return result


def criterion(metrics: Metrics) -> Verdict:
    kept = dict(zip(SIZES, metrics["padding_that_keeps"][0], strict=True))
    failed = [size for size, padding in kept.items() if padding < 0]
    worst = {
        padding: max(metrics.mean(f"error_{name}_{padding}")[0] for name in FILTERS)
        for padding in PADDINGS
    }
    best = min(worst, key=lambda padding: worst[padding])
    sizes = "none" if not failed else ", ".join(map(str, failed))
    headline = (
        f"kernel sizes whose shape no equal padding keeps: {sizes}; zeros put an error of up to {worst['zeros']:.0%} "
        f"into the outermost pixels, the best of four paddings ({best}) {worst[best]:.0%}"
    )
    odd = all(size % 2 == 0 for size in failed)
    if not failed and worst["zeros"] <= SMALL:
        return Verdict("holds", headline)
    return Verdict("holds partly" if odd else "does not hold", headline)


EXPERIMENT = Experiment(
    id="C2",
    chapter="convolution/convolution",
    claim="Padding keeps the shape at the border.",
    criterion_text=(
        "kernels of 1 to 7 pixels, paddings 0 to 6, equal on all sides, stride 1; and blur and edge filters at the "
        "border of the middle 20 × 20 pixels of 500 images, whose surroundings are known: holds if every kernel size "
        "has a padding that keeps the shape and the outermost pixels of a zero-padded image are within 10 % of the "
        "truth, root mean square over the ring, for every filter; holds partly if the shape is kept for all odd sizes; "
        "else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=10,
)
