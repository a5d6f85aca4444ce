"""What a layer knows: probes for labels, decoders for the input, and two ways to compare representations."""

import warnings
from typing import Any

import numpy as np
from scipy import linalg
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from deeplearning.engines import Engine


def layer_inputs(
    model: Any, x: np.ndarray, engine: Engine, batch_size: int = 1000
) -> list[np.ndarray]:
    """Return what each ``Linear`` of a ``Sequential`` reads: the input, then every hidden layer.

    x (N, D); the result holds :math:`H^{(0)} = X, H^{(1)}, …, H^{(L-1)}`, arrays (N, D_l), computed
    in evaluation mode. The last layer's scores are not among them. ``ValueError`` without a ``Linear``.

    >>> from deeplearning import engines, models
    >>> x = np.ones((3, 4), np.float32)
    >>> [h.shape for h in layer_inputs(models.mlp([4, 5, 6, 2]), x, engines.get("numpy"))]
    [(3, 4), (3, 5), (3, 6)]
    """
    linear = [type(module).__name__ == "Linear" for module in model]
    if not any(linear):
        raise ValueError("layer_inputs: no Linear in the model; give a Sequential such as mlp(...)")
    parts: list[list[np.ndarray]] = [[] for _ in range(sum(linear))]
    was_training = model.training
    model.eval()
    try:
        with engine.no_grad():
            for start in range(0, len(x), batch_size):
                h, layers = engine.tensor(x[start : start + batch_size]), iter(parts)
                for module, is_linear in zip(model, linear, strict=True):
                    if is_linear:
                        next(layers).append(engine.to_numpy(h))
                    h = module(h)
    finally:
        model.train(was_training)
    return [np.concatenate(part) for part in parts]


class LinearProbe:
    """Softmax regression on a layer that stays as it is :cite:`alain2016`: how much a *linear* reader finds there.

    ``fit(h, labels)`` standardises the features h (N, D) and minimises the mean cross-entropy plus
    ``penalty``/2N times the squared weights, by L-BFGS; ``score(h, labels)`` is the accuracy.
    ``ValueError`` for a penalty that is not positive.

    >>> h = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
    >>> LinearProbe().fit(h, np.array([0, 1, 0, 1])).score(h, np.array([0, 1, 0, 1]))
    1.0
    """

    def __init__(self, penalty: float = 1.0, iterations: int = 200) -> None:
        if not penalty > 0:
            raise ValueError(f"LinearProbe: penalty={penalty}; give a positive number")
        self.regression = LogisticRegression(C=1 / penalty, max_iter=iterations)

    def fit(self, h: np.ndarray, labels: np.ndarray) -> "LinearProbe":
        """Learn the classes of ``labels`` from ``h`` and return the probe."""
        self.mean, self.scale = statistics(h)
        with warnings.catch_warnings():
            # A probe that stops after its iterations is a little more regularised, no more.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.regression.fit((h - self.mean) / self.scale, labels)
        return self

    def score(self, h: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of rows of ``h`` whose most likely class is their label."""
        return float(self.regression.score((h - self.mean) / self.scale, labels))


class Decoder:
    r"""Ridge regression from a layer back to the input: how much of the picture is still there.

    With the standardised layer :math:`\tilde H` (N, D) and the centred input X (N, P),

    .. math:: A = (\tilde H^\top \tilde H + \lambda N I)^{-1} \tilde H^\top X

    and ``decode(h)`` is :math:`\tilde H A` plus the mean input. With ``hidden`` > 0 that many random ReLU
    neurons, drawn from ``seed`` and not trained, stand beside the features :cite:`rahimi2007`, so that the
    decoder can bend. ``ValueError`` for a penalty that is not positive or a negative ``hidden``.

    >>> h = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(Decoder().fit(h, h @ np.ones((3, 2)) + 1).explained(h, h @ np.ones((3, 2)) + 1), 3)
    1.0
    """

    def __init__(self, penalty: float = 1e-3, hidden: int = 0, seed: int = 0) -> None:
        if not penalty > 0 or hidden < 0:
            raise ValueError(
                f"Decoder: penalty={penalty}, hidden={hidden}; give a positive penalty and 0 or more neurons"
            )
        self.penalty, self.hidden, self.seed = penalty, hidden, seed

    def fit(self, h: np.ndarray, x: np.ndarray) -> "Decoder":
        """Solve for the map from ``h`` to ``x`` and return the decoder."""
        self.mean, self.scale = statistics(h)
        width = h.shape[1]
        generator = np.random.default_rng(self.seed)
        self.weight = generator.normal(0, width**-0.5, (width, self.hidden)).astype(h.dtype)
        self.bias = generator.normal(0, 0.5, self.hidden).astype(h.dtype)
        self.middle = x.mean(axis=0)
        features = self._features(h)
        self.centre = features.mean(axis=0)
        features -= self.centre
        gram = features.T @ features
        gram[np.diag_indices_from(gram)] += self.penalty * len(h)
        self.matrix = linalg.solve(gram, features.T @ (x - self.middle), assume_a="pos")
        return self

    def _features(self, h: np.ndarray) -> np.ndarray:
        scaled = (h - self.mean) / self.scale
        if not self.hidden:
            return scaled
        return np.hstack([scaled, np.maximum(scaled @ self.weight + self.bias, 0)])

    def decode(self, h: np.ndarray) -> np.ndarray:
        """Return the input that ``h`` suggests, (N, P)."""
        return (self._features(h) - self.centre) @ self.matrix + self.middle

    def explained(self, h: np.ndarray, x: np.ndarray) -> float:
        r"""Return :math:`R^2 = 1 - \|X-\hat X\|^2 / \|X-\bar X\|^2` over all pixels, X̄ from the fitting."""
        return float(1 - ((x - self.decode(h)) ** 2).sum() / ((x - self.middle) ** 2).sum())


def statistics(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each feature's mean and its standard deviation, or a tenth of the layer's usual one if that is larger.

    A ReLU that is active on one image in a thousand has almost no spread; divided by it, the next image on which it
    is active would outweigh all other units together. The usual one is the root mean square over features; it is 1
    for a layer in which nothing changes.

    >>> statistics(np.array([[0.0, 3.0], [0.0, 5.0]]))[1].round(4).tolist()
    [0.0707, 1.0]
    """
    scale = h.std(axis=0)
    usual = float(np.sqrt((scale**2).mean()))
    return h.mean(axis=0), np.maximum(scale, 0.1 * usual) if usual > 0 else np.ones_like(scale)


def linear_cka(a: np.ndarray, b: np.ndarray) -> float:
    r"""Compare two descriptions of the same samples: 1 if they agree up to rotation and scale, near 0 if unrelated.

    .. math:: \frac{\|B^\top A\|_F^2}{\|A^\top A\|_F \, \|B^\top B\|_F}

    with centred columns; a (N, D), b (N, E). Source: Kornblith and others (2019).

    >>> a = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]])
    >>> round(linear_cka(a, -3 * a[:, ::-1]), 6)
    1.0
    """
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    shared = np.linalg.norm(b.T @ a) ** 2
    return float(shared / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)))


def neighbour_purity(
    h: np.ndarray,
    labels: np.ndarray,
    queries: np.ndarray,
    query_labels: np.ndarray,
    count: int = 10,
) -> float:
    """Return the share of each query's ``count`` nearest rows of ``h`` that have the query's label, on average.

    >>> h = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> neighbour_purity(h, np.array([0, 0, 1, 0]), np.array([[0.05], [5.0]]), np.array([0, 1]), count=2)
    0.75
    """
    distances = (h**2).sum(
        axis=1
    ) - 2 * queries @ h.T  # less the query's own square, the same in its row
    nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
    return float((labels[nearest] == query_labels[:, None]).mean())


def class_share(h: np.ndarray, labels: np.ndarray) -> np.ndarray:
    r"""Return of each unit the share of its variance that lies between the classes, :math:`\eta^2` (D,).

    1 for a unit that is constant within every class, 0 for one whose mean is the same in all classes or that
    never changes.

    >>> class_share(np.array([[1.0, 1.0], [1.0, 2.0], [3.0, 1.0], [3.0, 2.0]]), np.array([0, 0, 1, 1])).tolist()
    [1.0, 0.0]
    """
    total = h.var(axis=0)
    between = np.zeros_like(total)
    for label in np.unique(labels):
        chosen = h[labels == label]
        between += len(chosen) / len(h) * (chosen.mean(axis=0) - h.mean(axis=0)) ** 2
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)
