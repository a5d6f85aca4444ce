"""Preprocessing: features brought to one scale, or made uncorrelated, by what the training set alone says."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Standardise:
    r"""Every feature with mean 0 and standard deviation 1 on the training set.

    :math:`x'_{nd} = (x_{nd} - \mu_d)/\sqrt{\sigma_d^2 + \epsilon}`. With ``epsilon=0`` a feature that never changes
    is only centred, as in scikit-learn; a small ``epsilon`` keeps features that hardly change from being blown up.

    ``fit`` takes the training samples (N, …) and returns the map; calling it, or ``transform``, maps samples (M, …)
    of any set in their own dtype, and ``inverse`` maps them back.
    ``ValueError`` for samples of another shape, without rows, or not finite.

    Source: LeCun, Bottou, Orr and Müller, "Efficient BackProp", section 4.3 (1998).

    >>> train = np.float32([[0, 10], [2, 30]])
    >>> scale = Standardise.fit(train)
    >>> scale(train).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> scale(np.float32([[1, 40]])).tolist()
    [[0.0, 2.0]]
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, train_x: np.ndarray, epsilon: float = 0.0) -> "Standardise":
        """Measure mean and standard deviation of every feature on the training samples (N, …)."""
        samples = _checked("Standardise.fit", train_x, epsilon)
        mean = _mean(samples)
        scale = np.sqrt(samples.var(axis=0, mean=mean[None]) + epsilon)
        return cls(mean, np.where(scale > 0, scale, 1.0))

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Return the samples (M, …) standardised."""
        _check_shape("Standardise", x, self.mean.shape)
        dtype = _dtype(x)
        return (x - self.mean.astype(dtype)) / self.scale.astype(dtype)

    __call__ = transform

    def inverse(self, x: np.ndarray) -> np.ndarray:
        """Return standardised samples (M, …) in their old units."""
        _check_shape("Standardise.inverse", x, self.mean.shape)
        dtype = _dtype(x)
        return x * self.scale.astype(dtype) + self.mean.astype(dtype)


@dataclass(frozen=True, eq=False)
class Whiten:
    r"""Features without correlation and of variance 1 on the training set.

    With the covariance matrix :math:`\mathbf{C} = \mathbf{U}\,\operatorname{diag}(\lambda)\,\mathbf{U}^\top` of the
    training samples, :math:`\mathbf{x}' = \mathbf{M}(\mathbf{x} - \boldsymbol\mu)` where

    - ``kind="pca"``: :math:`\mathbf{M} = \operatorname{diag}(\lambda + \epsilon)^{-1/2}\,\mathbf{U}^\top`; the new
      features are directions of falling variance, and ``components`` keeps the first of them only;
    - ``kind="zca"``: :math:`\mathbf{M} = \mathbf{U}\operatorname{diag}(\lambda + \epsilon)^{-1/2}\mathbf{U}^\top`;
      of all whitenings the one that changes the samples least, so that an image still looks like itself.

    Directions in which the training set hardly varies are divided by almost nothing; ``epsilon``, in the units of a
    variance, limits that: whitened noise drowns everything else.

    ``fit`` takes the training samples (N, D); calling the result, or ``transform``, maps samples (M, D) to (M, D), or
    (M, components), and ``inverse`` maps them back (the directions that were dropped stay at the mean).
    ``ValueError`` for settings out of range and samples that do not fit.

    Source: Bell and Sejnowski, "The 'independent components' of natural scenes are edge filters" (1997);
    Krizhevsky, "Learning multiple layers of features from tiny images", appendix A (2009).

    >>> x = np.random.default_rng(0).normal(size=(500, 2)) @ np.array([[3.0, 1.0], [0.0, 0.5]])
    >>> np.cov(Whiten.fit(x)(x), rowvar=False, bias=True).round(6).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    mean: np.ndarray
    matrix: np.ndarray  # (D', D): what the centred samples are multiplied by
    undo: np.ndarray  # (D, D'): its inverse, or for fewer components its pseudo-inverse

    @classmethod
    def fit(
        cls,
        train_x: np.ndarray,
        kind: str = "zca",
        epsilon: float = 0.0,
        components: int | None = None,
    ) -> "Whiten":
        """Find the directions of variance of the training samples (N, D), and how far to stretch each."""
        samples = _checked("Whiten.fit", train_x, epsilon)
        if samples.ndim != 2:
            raise ValueError(
                f"Whiten.fit: samples of shape {samples.shape}; give (N, D): x.reshape(len(x), -1)"
            )
        if kind not in ("pca", "zca"):
            raise ValueError(f"Whiten.fit: kind={kind!r}; give 'pca' or 'zca'")
        features = samples.shape[1]
        if components is not None and (kind == "zca" or not 1 <= components <= features):
            raise ValueError(
                f"Whiten.fit: components={components} with kind={kind!r} and {features} features; "
                f"give kind='pca' and 1 to {features}, or None for all"
            )
        mean = _mean(samples)
        centred = samples - mean
        variance, directions = np.linalg.eigh(centred.T @ centred / len(samples))
        order = np.argsort(-variance)[:components]
        variance, directions = np.maximum(variance[order], 0), directions[:, order]
        # Rounding leaves tiny variances where there is none; such a direction is left alone, not divided by it.
        nothing = variance <= variance.max() * features * np.finfo(np.float64).eps
        root = np.sqrt(np.where(nothing, 0.0, variance) + epsilon)
        root = np.where(root > 0, root, 1.0)
        matrix, undo = (directions / root).T, directions * root
        if kind == "zca":
            matrix, undo = directions @ matrix, undo @ directions.T
        return cls(mean, matrix, undo)

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Return the samples (M, D) whitened, (M, D')."""
        _check_shape("Whiten", x, self.mean.shape)
        return ((x - self.mean) @ self.matrix.T).astype(_dtype(x))

    __call__ = transform

    def inverse(self, x: np.ndarray) -> np.ndarray:
        """Return whitened samples (M, D') as they were, (M, D)."""
        _check_shape("Whiten.inverse", x, (len(self.matrix),))
        return (x @ self.undo.T + self.mean).astype(_dtype(x))


def _checked(name: str, x: np.ndarray, epsilon: float) -> np.ndarray:
    """Return the training samples as float64."""
    if not isinstance(x, np.ndarray) or x.ndim < 2 or x.size == 0 or x.dtype.kind not in "fiub":
        given = f"{x.dtype} {x.shape}" if isinstance(x, np.ndarray) else type(x).__name__
        raise ValueError(
            f"{name}: the training samples are {given}; give a NumPy array of numbers (N, …), N >= 1"
        )
    if not (epsilon >= 0 and np.isfinite(epsilon)):
        raise ValueError(f"{name}: epsilon={epsilon!r}; give a finite number >= 0")
    samples = x.astype(np.float64)
    if not np.isfinite([samples.min(), samples.max()]).all():
        raise ValueError(
            f"{name}: the training samples hold NaN or infinity; leave those samples out first"
        )
    return samples


def _mean(samples: np.ndarray) -> np.ndarray:
    """Return the mean of every feature; of one that never changes its value, which a sum of many would miss."""
    constant = samples.min(axis=0) == samples.max(axis=0)
    return np.where(constant, samples[0], samples.mean(axis=0))


def _check_shape(name: str, x: np.ndarray, shape: tuple[int, ...]) -> None:
    if np.shape(x)[1:] != shape:
        expected = ", ".join(map(str, ("N", *shape)))
        raise ValueError(
            f"{name}: samples of shape {np.shape(x)}; it was fitted on ({expected}), give the same"
        )


def _dtype(x: np.ndarray) -> np.dtype:
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
