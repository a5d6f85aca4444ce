"""The perceptron: a neuron that finds its weights from examples, and what geometry says about how long it takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# Below this share of the radius a margin is rounding noise: no line separates the data.
NO_MARGIN = 1e-9


class Perceptron:
    r"""A neuron with a step, trained by Rosenblatt's error-correction rule.

    .. math:: \hat y = [\,\mathbf{w}^\top\mathbf{x} + b \ge 0\,], \qquad
              \mathbf{w} \leftarrow \mathbf{w} + \eta\,(y - \hat y)\,\mathbf{x}, \quad
              b \leftarrow b + \eta\,(y - \hat y).

    Args:
        features: number of inputs D.
        rate: learning rate η, positive.
        bias: False fixes b at 0.
        weights: where to start, (D,) or (D + 1,) with the bias last; drawn from a standard normal if None.
        seed: of the generator that draws them.

    Attributes: `weights` (D,) float64, `bias` a float, `mistakes` the number of mistakes in each pass of `fit`.
    ``ValueError`` for a size, rate or weights that do not fit.

    Source: Rosenblatt, *Principles of Neurodynamics* (1962), chapter 5.

    >>> neuron = Perceptron(2, seed=0).fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> neuron.predict([[0, 1], [1, 1]])
    array([0, 1])
    """

    def __init__(
        self,
        features: int,
        rate: float = 0.1,
        bias: bool = True,
        weights: Any = None,
        seed: int | None = 0,
    ) -> None:
        if features < 1 or not (math.isfinite(rate) and rate > 0):
            raise ValueError(
                f"Perceptron: features={features}, rate={rate}; give at least one feature, a rate above 0"
            )
        size = features + bias
        if weights is None:
            weights = np.random.default_rng(seed).standard_normal(size)
        start = np.array(weights, dtype=np.float64)
        if start.shape != (size,):
            raise ValueError(
                f"Perceptron: weights have shape {start.shape}; expected ({size},), the bias last"
            )
        self.rate, self.learns_bias = rate, bias
        self.weights, self.bias = start[:features], float(start[features]) if bias else 0.0
        self.mistakes: list[int] = []

    def score(self, x: Any) -> Any:
        """Return the weighted sum: x (D,) gives a number, x (N, D) gives (N,)."""
        return np.asarray(x, dtype=np.float64) @ self.weights + self.bias

    def predict(self, x: Any) -> Any:
        """Return the step of the score, 0 or 1; a score of exactly 0 counts as 1."""
        return np.where(self.score(x) >= 0, 1, 0)

    def learn(self, x: np.ndarray, y: int) -> int:
        """Look at one example, x (D,) and y in 0, 1; return the error y − ŷ, 0 after no change."""
        error = y - (1 if x @ self.weights + self.bias >= 0 else 0)
        if error:
            self.weights = self.weights + self.rate * error * x
            self.bias += self.rate * error if self.learns_bias else 0.0
        return error

    def fit(self, x: Any, y: Any, epochs: int = 1000) -> Perceptron:
        """Go through the examples in their order until a pass without a mistake, or ``epochs`` passes.

        x (N, D) and y (N,) in 0, 1; ``ValueError`` for anything else. Returns the neuron itself.
        """
        x, y = _examples(x, y)
        if x.shape[1] != len(self.weights):
            have, want = x.shape[1], len(self.weights)
            raise ValueError(f"fit: x has {have} features and the perceptron {want}")
        for _ in range(epochs):
            errors = [self.learn(row, label) for row, label in zip(x, y.tolist(), strict=True)]
            self.mistakes.append(sum(error != 0 for error in errors))
            if self.mistakes[-1] == 0:
                break
        return self

    @property
    def learned(self) -> bool:
        """Whether the last pass of `fit` was without a mistake."""
        return bool(self.mistakes) and self.mistakes[-1] == 0


def with_constant(x: Any) -> np.ndarray:
    """Append the constant input 1, whose weight is the bias: (N, D) gives (N, D + 1).

    >>> with_constant([[2.0, 3.0]])
    array([[2., 3., 1.]])
    """
    x = np.asarray(x, dtype=np.float64)
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def signed(x: Any, y: Any, bias: bool = True) -> np.ndarray:
    r"""Turn the examples of class 0 round: :math:`\mathbf{u}_n = \pm\tilde{\mathbf{x}}_n`, so that right means > 0.

    x (N, D) and y (N,) in 0, 1; result (N, D + 1), or (N, D) without a bias. ``ValueError`` for other shapes or labels.

    >>> signed([[2.0], [3.0]], [1, 0])
    array([[ 2.,  1.],
           [-3., -1.]])
    """
    x, y = _examples(x, y)
    return (with_constant(x) if bias else x) * np.where(y == 1, 1.0, -1.0)[:, None]


def margin(x: Any, y: Any, bias: bool = True) -> tuple[float, np.ndarray]:
    r"""Return the largest margin γ and the unit vector w* that has it.

    .. math:: \gamma = \max_{\|\mathbf{w}\| = 1} \min_n \mathbf{w}^\top \mathbf{u}_n
              = \min_{\alpha \ge 0,\ \sum_n \alpha_n = 1} \Bigl\| \sum_n \alpha_n \mathbf{u}_n \Bigr\|

    with u as in `signed`: the margin is the distance of the origin from the convex hull of the
    signed examples. That nearest point is found by non-negative least squares.

    x (N, D), y (N,) in 0, 1. γ is in units of the inputs, w* has shape (D + 1,), the bias last,
    or (D,) without. ``ValueError`` if no line separates the data.

    Source: Wolfe, "Finding the nearest point in a polytope", Mathematical Programming 11 (1976).

    >>> gamma, direction = margin([[-2.0], [2.0]], [0, 1], bias=False)
    >>> gamma, direction.tolist()
    (2.0, [1.0])
    """
    # Imported here: it costs time that a chapter without margins should not pay.
    from scipy.optimize import nnls

    u = signed(x, y, bias)
    scale = np.linalg.norm(u, axis=1).max()
    if scale > 0:
        # The last row asks the shares to sum to one. It may miss, by a common factor that the
        # division takes out.
        wanted = np.eye(u.shape[1] + 1)[-1]
        shares, _ = nnls(np.vstack([u.T / scale, np.ones(len(u))]), wanted)
        nearest = shares @ u / shares.sum()
        length = float(np.linalg.norm(nearest))
        gamma = float((u @ nearest).min()) / length if length > NO_MARGIN * scale else 0.0
        if gamma > 0:
            return gamma, nearest / length
    reason = "no line separates these examples; the margin is defined for separable data only"
    raise ValueError(f"margin: {reason}")


def radius(x: Any, bias: bool = True) -> float:
    """Return R, the length of the longest input, with the constant 1 counted unless ``bias`` is False.

    >>> radius([[3.0, 4.0]], bias=False)
    5.0
    """
    rows = with_constant(x) if bias else np.asarray(x, dtype=np.float64)
    return float(np.linalg.norm(rows, axis=1).max())


def mistake_bound(
    x: Any, y: Any, bias: bool = True, start: float = 0.0, rate: float = 0.1
) -> float:
    r"""Return how many mistakes the perceptron can make before it separates the data.

    .. math:: m \le \left(\frac{R}{\gamma}\right)^2 + \frac{2\,\|\mathbf{w}_0\|}{\eta\,\gamma}

    x (N, D), y (N,) in 0, 1; ``start`` is the length of the initial weights, bias included; only
    if it is not 0 does the ``rate`` η matter. ``ValueError`` if no line separates the data.

    Source: Novikoff, "On convergence proofs on perceptrons" (1962), for a start from zero.

    >>> round(mistake_bound([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]), 6)
    51.0
    """
    gamma, _ = margin(x, y, bias)
    return (radius(x, bias) / gamma) ** 2 + 2 * start / (rate * gamma)


def separating_weights(x: Any, y: Any, bias: bool = True) -> np.ndarray | None:
    r"""Ask linear programming for weights that separate the classes, or None.

    :math:`\mathbf{w}^\top\mathbf{u}_n \ge 1` for every example. Weights that separate can always be
    scaled up to reach 1, so None means that *no* line separates: a proof, not a failed search.
    x (N, D), y (N,) in 0, 1; result (D + 1,), the bias last, or (D,) without.

    >>> separating_weights([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]) is None
    True
    """
    from scipy.optimize import linprog

    u = signed(x, y, bias)
    free = [(None, None)] * u.shape[1]
    nothing = np.zeros(u.shape[1])  # any weights that fit will do
    answer = linprog(nothing, A_ub=-u, b_ub=-np.ones(len(u)), bounds=free)
    # 0: found; 2: infeasible. Anything else is no answer.
    if answer.status not in (0, 2):
        raise RuntimeError(f"separating_weights: the solver gave up: {answer.message}")
    return answer.x if answer.status == 0 else None


def perceptron_loss(scores: Any, labels: Any) -> Any:
    r"""Return :math:`\ell = \max(0, z) - y\,z`, whose gradient with respect to z is :math:`\hat y - y`.

    Scores z and labels y are tensors of one engine and one shape, the labels 0.0 or 1.0; the result
    has the same shape. It is the distance of a wrong score from zero, and 0 for a right one. At a
    score of exactly 0 the engines' ReLU has gradient 0: there the prediction counts as 0, not as 1.

    >>> from deeplearning.autograd import tensor
    >>> perceptron_loss(tensor([-2.0, -2.0, 3.0]), tensor([0.0, 1.0, 1.0])).tolist()
    [0.0, 2.0, 0.0]
    """
    return scores.relu() - labels * scores


def _examples(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y)
    if x.ndim != 2 or y.shape != x.shape[:1] or x.size == 0:
        raise ValueError(
            f"expected examples x (N, D) and labels y (N,), N and D from 1; got {x.shape} and {y.shape}"
        )
    if not np.isfinite(x).all():
        raise ValueError("x holds NaN or infinity; remove or repair those examples")
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"labels are 0 or 1; got {np.unique(y).tolist()}")
    return x, y.astype(np.int64)
