"""C1: is our convolution what the definition says, a sum of products that is linear and does the same everywhere?

Random configurations (channels, sizes, kernel, stride, padding, dilation, groups), in float32 and float64. Four laws:

- ``library``: :math:`y` equals SciPy's ``correlate2d``, one channel at a time, its results added up and every s-th
  one kept; a dilated kernel is given to SciPy with zeros between its taps;
- ``linear``: :math:`w*(\\alpha x+\\beta x') = \\alpha(w*x)+\\beta(w*x')`;
- ``shift``: an image moved by s pixels gives the result moved by one, away from the border;
- ``wave``: without padding a cosine becomes a cosine of the same frequency, with amplitude and phase of the kernel's
  transfer function. This is what a linear filter does.

Errors have a unit. Floating-point sums of m products, in any order, differ from the exact one by at most
:math:`m\\,u\\,\\sum|w||x|`, :math:`u` half of machine epsilon :cite:`higham2002`. So two correct programs differ by at
most twice that; a law counts as kept if its largest error is at most 1 in units of
:math:`(m + 8)\\,\\epsilon\\,\\sum|w||x|`, the 8 for the few operations around the sum.

A law that everything keeps would be no law. The same tests are given four operations that are no linear filters, or not
this one: the kernel turned by 180° (the convolution of mathematics), a ReLU behind the sum, a bias added to it, and a
kernel that changes from place to place. Each must break a law by more than 1000 units.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import correlate2d

from deeplearning.autograd import from_numpy, no_grad
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.nn import functional as F

LAWS = ("library", "linear", "shift", "wave")
IMPOSTORS = ("turned", "relu", "bias", "varying")
BROKEN = 1000.0  # units, from which a law is broken beyond doubt


@dataclass(frozen=True)
class Config:
    configurations: int = 60
    side: int = 24  # pixels, at most
    kernel: int = 7  # taps along a side, at most

    @classmethod
    def smoke(cls) -> "Config":
        return cls(configurations=5, side=12, kernel=5)


@dataclass(frozen=True)
class Case:
    """One convolution: an image (C, H, W), kernels (K, C / groups, R, S), and how they are laid."""

    x: np.ndarray
    weight: np.ndarray
    stride: int
    padding: int
    dilation: int
    groups: int

    @property
    def terms(self) -> int:
        return int(np.prod(self.weight.shape[1:]))


Operation = Callable[[Case, np.ndarray], np.ndarray]


def drawn(config: Config, rng: np.random.Generator, dtype: type) -> Case:
    """Draw a configuration in which a kernel fits into the image."""
    groups = int(rng.choice([1, 1, 2]))
    channels, features = (groups * int(rng.integers(1, 4)) for _ in range(2))
    dilation, stride = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    rows, columns = rng.integers(1, config.kernel + 1, 2)
    reach = dilation * (max(rows, columns) - 1) + 1
    height, width = rng.integers(min(reach, config.side), config.side + 1, 2) + 2 * stride
    x: np.ndarray = rng.standard_normal((channels, height, width)).astype(dtype)
    shape = (features, channels // groups, rows, columns)
    weight: np.ndarray = rng.standard_normal(shape).astype(dtype)
    # No more padding than lets every window reach the image: a sum without terms allows no error at all.
    most = min(3, dilation * (min(rows, columns) - 1))
    return Case(x, weight, stride, int(rng.integers(0, most + 1)), dilation, groups)


def ours(case: Case, x: np.ndarray) -> np.ndarray:
    with no_grad():
        y = F.conv2d(
            from_numpy(x[None]), from_numpy(case.weight), None,
            case.stride, case.padding, case.dilation, case.groups,
        )  # fmt: skip
    return y.numpy()[0]


def turned(case: Case, x: np.ndarray) -> np.ndarray:
    """Convolve with the kernel turned by 180°, as mathematics defines it."""
    flipped = np.ascontiguousarray(case.weight[:, :, ::-1, ::-1])
    return ours(Case(x, flipped, case.stride, case.padding, case.dilation, case.groups), x)


def relu(case: Case, x: np.ndarray) -> np.ndarray:
    return np.maximum(ours(case, x), 0)


def bias(case: Case, x: np.ndarray) -> np.ndarray:
    return ours(case, x) + x.dtype.type(0.5)


def varying(case: Case, x: np.ndarray) -> np.ndarray:
    """Give every place a kernel of its own: here ours, times a factor that changes along the rows."""
    y = ours(case, x)
    return y * np.linspace(0.5, 1.5, y.shape[2], dtype=x.dtype)


def library(case: Case, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Compute the convolution with SciPy, in float64."""
    spread = np.zeros((*weight.shape[:2], *(case.dilation * (n - 1) + 1 for n in weight.shape[2:])))
    spread[:, :, :: case.dilation, :: case.dilation] = weight
    edge = (case.padding, case.padding)
    padded = np.pad(x.astype(np.float64), ((0, 0), edge, edge))
    share = len(weight) // case.groups  # of the features, for each group
    maps = []
    for k, kernels in enumerate(spread):
        first = (k // share) * len(kernels)
        channels = padded[first : first + len(kernels)]
        total = sum(correlate2d(c, w, "valid") for c, w in zip(channels, kernels, strict=True))
        maps.append(np.asarray(total)[:: case.stride, :: case.stride])
    return np.stack(maps)


def units(difference: np.ndarray, case: Case, magnitude: np.ndarray, dtype: type) -> float:
    r"""Return the largest error in units of :math:`(m + 8)\,\epsilon\,\sum|w||x|`, at each place."""
    allowed = (case.terms + 8) * float(np.finfo(dtype).eps) * magnitude
    return float((np.abs(difference) / allowed).max())


def laws(operation: Operation, case: Case, rng: np.random.Generator) -> list[float]:
    """Return by how much an operation breaks each law, in units of rounding."""
    x, dtype = case.x, case.x.dtype.type
    size = np.abs(case.weight[:, :, ::-1, ::-1] if operation is turned else case.weight)
    y, magnitude = operation(case, x), library(case, np.abs(x), size)
    broken = [units(y - library(case, x, case.weight), case, magnitude, dtype)]

    other = rng.standard_normal(x.shape).astype(dtype)
    a, b = rng.standard_normal(2).astype(dtype)
    both = operation(case, a * x + b * other)
    apart = a * y.astype(np.float64) + b * operation(case, other).astype(np.float64)
    total = abs(a) * magnitude + abs(b) * library(case, np.abs(other), size)
    broken.append(units(both - apart, case, total, dtype))

    step = case.stride
    moved = operation(case, np.roll(x, step, axis=2))
    edge = -(-(case.padding + case.dilation * (case.weight.shape[3] - 1)) // step) + 1
    inner = slice(edge, max(y.shape[2] - edge, edge))
    if y.shape[2] > 2 * edge:
        shifted = moved[:, :, inner] - y[:, :, edge - 1 : inner.stop - 1]
        broken.append(units(shifted, case, magnitude[:, :, edge - 1 : inner.stop - 1], dtype))
    else:
        broken.append(0.0)
    broken.append(wave(operation, case, rng))
    return broken


def wave(operation: Operation, case: Case, rng: np.random.Generator) -> float:
    """Send a cosine through, and compare with what the transfer function of the kernels says."""
    dtype = case.x.dtype.type
    plain = Case(case.x, case.weight, case.stride, 0, case.dilation, case.groups)
    _, height, width = case.x.shape
    down, right = rng.integers(0, height), rng.integers(0, width)

    def turns(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        # Whole turns are taken off before the cosine, so that it is exact to the last bit or so.
        return rows[:, None] * down % height / height + columns[None, :] * right % width / width

    image = np.cos(2 * np.pi * turns(np.arange(height), np.arange(width))).astype(dtype)
    x = np.repeat(image[None], len(case.x), axis=0)
    y = operation(plain, x)
    taps = np.arange(case.weight.shape[2]), np.arange(case.weight.shape[3])
    phase = 2j * np.pi * turns(case.dilation * taps[0], case.dilation * taps[1])
    transfer = (case.weight.astype(np.float64) * np.exp(phase)).sum(axis=(1, 2, 3))
    places = (case.stride * np.arange(n) for n in y.shape[1:])
    carrier = np.exp(2j * np.pi * turns(*places))
    expected = (transfer[:, None, None] * carrier).real
    magnitude: np.ndarray = np.abs(case.weight).sum(axis=(1, 2, 3), dtype=np.float64)
    return units(y - expected, case, np.broadcast_to(magnitude[:, None, None], y.shape), dtype)


def run(config: Config, seed: int) -> dict[str, float | list]:
    result: dict[str, float | list] = {}
    operations: dict[str, Operation] = {
        "ours": ours, "turned": turned, "relu": relu, "bias": bias, "varying": varying
    }  # fmt: skip
    for dtype in (np.float32, np.float64):
        # The configurations are the same for all operations.
        for name, operation in operations.items():
            rng = np.random.default_rng([1, seed])
            found = [
                laws(operation, drawn(config, rng, dtype), rng)
                for _ in range(config.configurations)
            ]
            result[f"{name}_{np.dtype(dtype).name}"] = np.max(found, axis=0).tolist()
    return result


def criterion(metrics: Metrics) -> Verdict:
    kept = np.array([metrics[f"ours_{bits}"].max(axis=0) for bits in ("float32", "float64")])
    told = {
        name: float(min(metrics[f"{name}_{bits}"].max(axis=1).min() for bits in ("float32", "float64")))
        for name in IMPOSTORS
    }  # fmt: skip
    count = int((kept <= 1).all(axis=0).sum())
    headline = (
        f"largest error {kept.max():.2f} of what rounding allows, over {len(LAWS)} laws; the four operations that "
        f"are something else are off by {min(told.values()):,.0f} times that or more"
    )
    sharp = min(told.values()) > BROKEN
    if sharp and count == len(LAWS):
        return Verdict("holds", headline)
    return Verdict(
        "holds partly" if sharp and (kept[:, 0] <= 1).all() else "does not hold", headline
    )


EXPERIMENT = Experiment(
    id="C1",
    chapter="convolution/convolution",
    claim="Convolution multiplies element by element and adds: it is a linear spatial filter.",
    criterion_text=(
        "largest error over 60 random configurations a seed, in units of what rounding allows for the sum: holds if "
        "`conv2d` of this book's engine, in float32 and float64, equals SciPy's `correlate2d`, is linear, commutes "
        "with shifts and sends cosines to the cosines of its transfer function, each with an error of at most 1, and "
        "each of four operations that are something else (kernel turned, ReLU, bias, kernel varying with the place) "
        "breaks a law by more than 1000; holds partly if it equals SciPy's but breaks another law; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=20,
)
