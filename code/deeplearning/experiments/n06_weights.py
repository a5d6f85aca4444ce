"""N6: does a large weight mark an important input?

Data: breast cancer, 569 tumours, 30 features whose units differ by up to five powers of ten and many of which say
almost the same (radius, perimeter, area). Each seed splits it in halves, trains logistic regression with the book's
engine on standardised inputs (full batch, L2 penalty as scikit-learn's C = 1), and ranks the 30 inputs by |w|.

"Raw" is the same trained network rewritten for inputs in their own units: w / sd and b − Σ w·mean / sd. It gives the
same probability for every tumour, so every importance is the same; only the numbers called weights differ. Since a
network trained on raw inputs is what one would try first, that is reported too (`raw_trained_*`, scikit-learn's
Newton solver, as gradient descent diverges there), but does not enter the criterion.

"Important" has two meanings, both measured in nats of log-loss on the other half: *permutation importance*, the rise
when a column is shuffled among the test tumours (mean of 30 shuffles): what this network leans on. *Retraining
importance*, the rise when the column is removed and the network trained anew: what the task needs. Correlated
features pull the two apart. The agreement is Spearman's rank correlation over the 30 inputs, averaged over 10 splits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from deeplearning import engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import logistic_regression

HIGH = 0.7
PAIRS = ("standardised_permutation", "raw_permutation", "standardised_retraining", "raw_retraining")


@dataclass(frozen=True)
class Config:
    steps: int = 1500
    lr: float = 0.1
    momentum: float = 0.9
    shuffles: int = 30

    @classmethod
    def smoke(cls) -> "Config":
        return cls(steps=15, shuffles=2)


def train(x: np.ndarray, y: np.ndarray, config: Config) -> tuple[np.ndarray, float]:
    """Weights (D,) and bias of logistic regression with an L2 penalty, by full-batch gradient descent."""
    engine = engines.get("numpy")
    model, loss = logistic_regression(x.shape[1]), engine.nn.BCEWithLogitsLoss()
    optimizer = engine.optim.SGD(model.parameters(), lr=config.lr, momentum=config.momentum)
    inputs, targets = (
        engine.tensor(x.astype(np.float32)),
        engine.tensor(y[:, None].astype(np.float32)),
    )
    for _ in range(config.steps):
        optimizer.zero_grad()
        (loss(model(inputs), targets) + 0.5 / len(x) * (model.weight**2).sum()).backward()
        optimizer.step()
    state = engine.state(model)
    return state["weight"][0].astype(np.float64), float(state["bias"][0])


def log_loss(z: np.ndarray, y: np.ndarray) -> Any:
    """Mean over the last axis of ln(1 + eᶻ) − y z, in nats."""
    return (np.logaddexp(0, z) - y * z).mean(axis=-1)


def permutation_importance(
    w: np.ndarray,
    b: float,
    x: np.ndarray,
    y: np.ndarray,
    shuffles: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Rise of the log-loss, a feature, when its column is shuffled: (D,)."""
    z = x @ w + b
    order = np.array([generator.permutation(len(x)) for _ in range(shuffles)])
    shuffled = [z + w[d] * (x[order, d] - x[:, d]) for d in range(len(w))]  # (shuffles, N) each
    return np.array([log_loss(scores, y).mean() for scores in shuffled]) - log_loss(z, y)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's: the correlation of the ranks; measured values have no ties."""
    return float(np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1])


def run(config: Config, seed: int) -> dict[str, float | list]:
    engines.get("numpy").manual_seed(seed)
    generator = np.random.default_rng(seed)
    x, y = load_breast_cancer(return_X_y=True)
    order = generator.permutation(len(x))
    learn, test = order[: len(x) // 2], order[len(x) // 2 :]
    mean, sd = x[learn].mean(axis=0), x[learn].std(axis=0)
    standard = (x - mean) / sd

    w, b = train(standard[learn], y[learn], config)
    raw_w = w / sd
    raw_b = b - float((w * mean / sd).sum())
    scores = standard[test] @ w + b
    base = log_loss(scores, y[test])
    permutation = permutation_importance(w, b, standard[test], y[test], config.shuffles, generator)
    retraining = np.empty_like(w)
    for d in range(len(w)):
        kept = np.delete(standard, d, axis=1)
        other_w, other_b = train(kept[learn], y[learn], config)
        retraining[d] = log_loss(kept[test] @ other_w + other_b, y[test]) - base

    other = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=1000).fit(
        x[learn], y[learn]
    )
    trained_w = other.coef_[0]
    trained = permutation_importance(
        trained_w, other.intercept_[0], x[test], y[test], config.shuffles, generator
    )
    return {
        "accuracy": float(((scores > 0) == y[test]).mean()),
        "largest_score_difference": float(np.abs(x[test] @ raw_w + raw_b - scores).max()),
        "standardised_permutation": rank_correlation(np.abs(w), permutation),
        "raw_permutation": rank_correlation(np.abs(raw_w), permutation),
        "standardised_retraining": rank_correlation(np.abs(w), retraining),
        "raw_retraining": rank_correlation(np.abs(raw_w), retraining),
        "raw_trained_permutation": rank_correlation(np.abs(trained_w), trained),
        "weights": np.abs(w),
        "raw_weights": np.abs(raw_w),
        "permutation_importance": permutation,
        "retraining_importance": retraining,
    }


def criterion(metrics: Metrics) -> Verdict:
    reached = []
    for name in PAIRS:
        error = metrics.std(name) / np.sqrt(metrics.seeds)
        reached.append(metrics.mean(name) - 2 * error >= HIGH)
    outcome = "holds" if all(reached) else "holds partly" if any(reached) else "does not hold"
    permutation, raw, retraining, raw_retraining = (metrics.mean(name) for name in PAIRS)
    return Verdict(
        outcome,
        f"rank correlation of |w| with permutation importance: {permutation:.2f} on standardised inputs, {raw:.2f} "
        f"for the same network in raw units; with what retraining without the input costs: {retraining:.2f} "
        f"and {raw_retraining:.2f}",
    )


EXPERIMENT = Experiment(
    id="N6",
    chapter="neurons/one-layer-networks",
    claim="A large weight marks an important input.",
    criterion_text="Four Spearman rank correlations of |w| over the 30 inputs of breast cancer: with permutation "
    "importance and with retraining importance, on standardised and on raw inputs. Each is reached if its mean over 10 "
    "splits, less 2 standard errors, is at least 0.7. The claim holds if all four are reached; holds partly if "
    "some are; does not hold if none is.",
    config=Config,
    run=run,
    criterion=criterion,
    seeds=10,
    cost_seconds=60,
)
