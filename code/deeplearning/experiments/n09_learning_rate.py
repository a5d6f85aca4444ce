"""N9: how the learning rate decides between crawling, arriving and flying apart.

Two measurements. On a quadratic loss theory gives the border exactly: full-batch gradient descent converges
for every η below 2/λ_max, the largest curvature, and diverges above. We take linear regression on a real
table (scikit-learn's diabetes data, standardised), draw random starts, and try rates on both sides of the
border. For a network there is no such formula; there we sweep η over five decades on 10,000 images of
Fashion-MNIST and record the mean training loss of the last of five epochs. A run whose loss is no longer
finite counts as the loss of guessing times ten (23.0 nats), so that it can be averaged and drawn;
`diverged` says which they were. The sweep's range was chosen on seeds 100 and 101.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes

from deeplearning import data, engines, models
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.optim.descent import gradient_descent
from deeplearning.training import Diverged, fit

CAP = 10 * float(np.log(10))  # nats; ten times the loss of guessing among ten classes


@dataclass(frozen=True)
class Config:
    """Rates of the sweep, factors of the quadratic's border, and sizes."""

    rates: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
    factors: tuple[float, ...] = (0.01, 0.1, 0.5, 0.9, 0.99, 1.01, 1.1, 1.5)
    steps: int = 5000
    images: int = 10_000
    epochs: int = 5
    batch_size: int = 128

    @classmethod
    def smoke(cls) -> Config:
        """Two rates, few images."""
        return cls(rates=(1e-3, 0.1), images=500, epochs=1, steps=500)


def quadratic(config: Config, generator: np.random.Generator) -> list[float]:
    """Return, for each factor of 2/λ_max, the final distance to the optimum divided by the "
    "first, at most 1e6."""
    x, y = load_diabetes(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = (y - y.mean()) / y.std()
    hessian = x.T @ x / len(x)
    best = np.linalg.solve(hessian, x.T @ y / len(x))
    border = 2 / np.linalg.eigvalsh(hessian)[-1]
    start = generator.standard_normal(x.shape[1])
    shrunk = []
    for factor in config.factors:
        path = gradient_descent(
            lambda w: hessian @ (w - best), start, factor * border, config.steps
        )
        distance = np.linalg.norm(np.nan_to_num(path[-1] - best, nan=1e6, posinf=1e6, neginf=-1e6))
        shrunk.append(min(float(distance / np.linalg.norm(start - best)), 1e6))
    return shrunk


def run(config: Config, seed: int) -> dict[str, Any]:
    """Measure the border on the quadratic, then sweep the rate for a network."""
    generator = np.random.default_rng(seed)
    shrunk = quadratic(config, generator)
    split = data.fashion_mnist(flat=True)
    chosen = generator.permutation(len(split.train_x))[: config.images]
    train = split.train_x[chosen], split.train_y[chosen]
    engine = engines.get("numpy")
    losses, diverged, first = [], [], []
    for rate in config.rates:
        engine.manual_seed(seed)
        model = models.mlp([784, 64, 10])
        loss = CAP
        epoch_one = CAP
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                history = fit(
                    model, train, engine=engine, optimizer=engine.optim.SGD(model.parameters(), lr=rate),
                    loss=engine.nn.CrossEntropyLoss(), epochs=config.epochs, batch_size=config.batch_size, seed=seed,
                )  # fmt: skip
            loss, epoch_one = min(history.train_loss[-1], CAP), min(history.train_loss[0], CAP)
            diverged.append(0.0)
        except Diverged:
            diverged.append(1.0)
        losses.append(loss)
        first.append(epoch_one)
    return {
        "quadratic_distance": shrunk,
        "final_loss": losses,
        "first_epoch_loss": first,
        "diverged": diverged,
    }


def criterion(metrics: Metrics) -> Verdict:
    """Judge the border of the quadratic, and whether both ends of the sweep are worse than "
    "its middle."""
    config = Config()
    distance, loss = metrics["quadratic_distance"], metrics["final_loss"]
    below = np.array([f < 1 for f in config.factors[: distance.shape[1]]])
    border = bool((distance[:, below] < 1).all() and (distance[:, ~below] > 1).all())
    mean, error = (
        loss.mean(axis=0),
        loss.std(axis=0, ddof=1) / np.sqrt(len(loss)) if len(loss) > 1 else 0 * loss[0],
    )
    best = int(mean.argmin())

    def worse(end: int) -> bool:
        return bool(
            mean[end] > 2 * mean[best]
            and mean[end] - mean[best] > 2 * np.hypot(error[end], error[best])
        )

    ends = worse(0), worse(-1)
    headline = (
        f"best at η = {config.rates[best]:g} with {mean[best]:.2f} nats; {mean[0]:.2f} at the "
        "smallest rate, "
        f"{mean[-1]:.2f} at the largest; 2/λ_max is {'the exact' if border else 'not the'} border "
        "on a quadratic"
    )
    if border and all(ends):
        return Verdict("holds", headline)
    return Verdict("holds partly" if ends[1] and border else "does not hold", headline)


EXPERIMENT = Experiment(
    id="N9",
    chapter="learning/gradient-descent",
    claim="The learning rate must be suitably small.",
    criterion_text=(
        "holds if on the quadratic every rate below 2/λ_max brings every start nearer to the "
        "optimum and every rate above "
        "takes it farther away, and if for the network the smallest and the largest rate both "
        "leave more than twice the "
        "best rate's mean training loss, by more than 2 standard errors; holds partly if only "
        "the largest rate does; "
        "else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=60,
)
