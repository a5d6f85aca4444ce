"""Small sets made on the spot: the logic gates, and clouds of points in the plane that one can look at."""

import difflib
import math
from collections.abc import Callable

import numpy as np

_GATES: dict[str, Callable[[int, int], bool]] = {
    "AND": lambda a, b: a == 1 and b == 1,
    "OR": lambda a, b: a == 1 or b == 1,
    "XOR": lambda a, b: a != b,
    "NAND": lambda a, b: not (a == 1 and b == 1),
    "NOR": lambda a, b: not (a == 1 or b == 1),
}


def gate(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the truth table of a logic gate as a data set.

    Args:
        name: ``"AND"``, ``"OR"``, ``"XOR"``, ``"NAND"``, ``"NOR"`` or ``"NOT"``.

    Returns:
        Inputs x (4, 2) float32, the rows 00, 01, 10, 11, and outputs y (4,) int64, 0 or 1.
        ``"NOT"`` has one input: x (2, 1), the rows 0, 1.

    Raises:
        ValueError: there is no such gate.

    >>> x, y = gate("XOR")
    >>> x.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    if name == "NOT":
        return np.array([[0], [1]], dtype=np.float32), np.array([1, 0], dtype=np.int64)
    if name not in _GATES:
        accepted = [*_GATES, "NOT"]
        near = difflib.get_close_matches(str(name).upper(), accepted, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"there is no gate {name!r}; the gates are {', '.join(accepted)}.{hint}")
    rows = [(a, b) for a in (0, 1) for b in (0, 1)]
    outputs = [int(_GATES[name](a, b)) for a, b in rows]
    return np.array(rows, dtype=np.float32), np.array(outputs, dtype=np.int64)


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Make two interleaving half circles: the simplest set that looks easy and that no straight line separates.

    Class 0 lies on (cos t, sin t), class 1 on (1 − cos t, ½ − sin t), 0 ≤ t ≤ π, both plus Gaussian noise.

    Args:
        n: number of points; the classes differ by at most one.
        noise: standard deviation of the noise in each coordinate.
        seed: the same seed gives the same points.

    Returns:
        x (n, 2) float32 and y (n,) int64 in 0, 1, in random order.

    Raises:
        ValueError: n < 2, or the noise is negative or not finite.

    Source: ``sklearn.datasets.make_moons``.

    >>> x, y = moons(100)
    >>> x.shape, np.bincount(y).tolist()
    ((100, 2), [50, 50])
    """
    _check_points(n, classes=2)
    _check_spread("noise", noise)
    # scikit-learn takes a second to import, which `import deeplearning.data` should not cost.
    from sklearn.datasets import make_moons

    x, y = make_moons(n_samples=n, noise=noise, random_state=seed)
    return x.astype(np.float32), y.astype(np.int64)


def blobs(
    n: int = 300, centers: int | np.ndarray | list = 3, spread: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    r"""Make Gaussian clouds, one a class.

    :math:`\mathbf{x} = \mathbf{c}_y + \sigma \boldsymbol{\varepsilon}`, with :math:`\boldsymbol{\varepsilon}`
    standard normal.

    Args:
        n: number of points; the classes differ by at most one.
        centers: how many clouds (their centres are then drawn uniformly from the square of −10 … 10), or the
            centres themselves, (K, D).
        spread: standard deviation σ of a cloud in each coordinate.
        seed: the same seed gives the same points.

    Returns:
        x (n, D) float32, D = 2 unless the centres say otherwise, and y (n,) int64 in 0 … K − 1, in random order.

    Raises:
        ValueError: fewer points than clouds, centres that are not a table of finite numbers, or a negative spread.

    Source: ``sklearn.datasets.make_blobs``.

    >>> x, y = blobs(4, centers=[[0, 0, 0], [5, 5, 5]], spread=0.0)
    >>> sorted(x[:, 0].tolist()), x.shape
    ([0.0, 0.0, 5.0, 5.0], (4, 3))
    """
    if isinstance(centers, (int, np.integer)):
        count = int(centers)
        if count < 1:
            raise ValueError(f"centers is {centers}; there must be at least one cloud.")
    else:
        try:
            centers = np.asarray(centers, dtype=np.float64)
            table = centers.ndim == 2 and centers.size > 0 and bool(np.isfinite(centers).all())
        except (TypeError, ValueError):
            table = False
        if not table:
            raise ValueError(
                f"centers is {centers!r}; give the number of clouds, or a table of finite numbers with a row for "
                "each centre, for example [[0, 0], [3, 3]]."
            )
        count = len(centers)
    _check_points(n, classes=count)
    _check_spread("spread", spread)
    from sklearn.datasets import make_blobs

    x, y = make_blobs(n_samples=n, centers=centers, cluster_std=spread, random_state=seed)
    return x.astype(np.float32), y.astype(np.int64)


def spirals(
    n: int = 300, classes: int = 3, noise: float = 0.02, seed: int = 0, turns: float = 0.75
) -> tuple[np.ndarray, np.ndarray]:
    r"""Make spiral arms around the origin, one a class: a set whose classes no fixed angle tells apart.

    Arm k of K at the radius r, uniform in [0, 1], is

    .. math:: \mathbf{x} = r\,(\cos\varphi, \sin\varphi) + \sigma\boldsymbol{\varepsilon},
              \qquad \varphi = 2\pi \left( \tfrac{k}{K} + \text{turns} \cdot r \right).

    Args:
        n: number of points; the classes differ by at most one.
        classes: number of arms K.
        noise: standard deviation σ in each coordinate; neighbouring arms are about 1 / (K · turns) apart.
        seed: the same seed gives the same points.
        turns: how often an arm goes round; 0 gives straight rays.

    Returns:
        x (n, 2) float32, within the unit circle but for the noise, and y (n,) int64 in 0 … K − 1, in random order.

    Raises:
        ValueError: fewer points than arms, or a negative or infinite noise or number of turns.

    Source: the two-spirals problem of Lang and Witbrock, "Learning to tell two spirals apart", Proceedings of the
    1988 Connectionist Models Summer School; here with K arms.

    >>> x, y = spirals(90, classes=3)
    >>> x.shape, np.bincount(y).tolist()
    ((90, 2), [30, 30, 30])
    """
    if classes < 1:
        raise ValueError(f"classes is {classes}; there must be at least one arm.")
    _check_points(n, classes)
    _check_spread("noise", noise)
    _check_spread("turns", turns)
    generator = np.random.default_rng(seed)
    y = generator.permutation(np.arange(n) % classes)
    radius = generator.uniform(size=n)
    angle = 2 * np.pi * (y / classes + turns * radius)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x += noise * generator.standard_normal((n, 2))
    return x.astype(np.float32), y.astype(np.int64)


def _check_points(n: int, classes: int) -> None:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < classes:
        raise ValueError(
            f"n is {n!r}; give a whole number of points, at least {classes}: one for each class."
        )


def _check_spread(name: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is {value}; it must be a finite number, zero or more.")
