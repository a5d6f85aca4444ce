"""N8: linear and logistic regression are one-layer networks, and what more parameters alone would add.

First half. Linear regression (diabetes progression: 442 patients, 10 features), logistic regression (breast cancer:
569 tumours, 30 features) and softmax regression (wine: 178 bottles, 13 features, 3 classes) are trained by the book's
own engine as networks of one layer: full-batch gradient descent with momentum from random weights. Seeds differ in
the weights and in which 80 % of the samples are used. The reference never descends a gradient of ours: the closed
form for the first, scikit-learn's Newton and quasi-Newton solvers for the others. Both classifiers carry the same L2
penalty (scikit-learn's C = 1) on weights, not biases: without one the optimum of separable data lies at infinity. All
inputs are standardised. Softmax biases are compared after subtracting their mean, which no prediction depends on.

Second half. "Only more parameters separate them from an MLP" is tested literally on two half-moons: a network with a
hidden layer of 32 identity neurons has 43 times the parameters of logistic regression and nothing else; the same with
tanh has the same number of parameters and a bend. Same batches, optimiser, epochs; accuracy on 1,000 new points.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.linear_model import LogisticRegression

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import (
    least_squares,
    linear_regression,
    logistic_regression,
    mlp,
    softmax_regression,
)
from deeplearning.training import fit, predict

TOLERANCE = 1e-3  # of the largest coefficient


@dataclass(frozen=True)
class Config:
    steps: int = 6000
    lr: float = 0.05
    momentum: float = 0.95
    share: float = 0.8
    moons: int = 400
    noise: float = 0.15
    hidden: int = 32
    epochs: int = 200
    mlp_lr: float = 0.1

    @classmethod
    def smoke(cls) -> "Config":
        return cls(steps=100, epochs=3)


def sample(
    loader: Any, share: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A random share of a data set, its inputs standardised."""
    x, y = loader(return_X_y=True)
    chosen = generator.permutation(len(x))[: int(share * len(x))]
    x, y = x[chosen], y[chosen]
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32), y


def descend(
    model: Any, x: np.ndarray, y: np.ndarray, loss: Any, penalty: float, config: Config
) -> dict[str, np.ndarray]:
    """Full-batch gradient descent on loss + penalty/2 · |W|²; the parameters it ends with."""
    engine = engines.get("numpy")
    optimizer = engine.optim.SGD(model.parameters(), lr=config.lr, momentum=config.momentum)
    inputs, targets = engine.tensor(x), engine.tensor(y)
    for _ in range(config.steps):
        optimizer.zero_grad()
        value = loss(model(inputs), targets)
        if penalty:
            value = value + 0.5 * penalty * (model.weight**2).sum()
        value.backward()
        optimizer.step()
    return engine.state(model)


def distance(
    found: tuple[np.ndarray, np.ndarray], reference: tuple[np.ndarray, np.ndarray]
) -> float:
    """Largest difference between coefficients, relative to the largest coefficient; biases included."""
    ours, theirs = (
        np.append(np.ravel(weight), np.ravel(bias)) for weight, bias in (found, reference)
    )
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def linear_difference(config: Config, generator: np.random.Generator) -> float:
    nn = engines.get("numpy").nn
    x, y = sample(datasets.load_diabetes, config.share, generator)
    y = ((y - y.mean()) / y.std()).astype(np.float32)
    state = descend(linear_regression(x.shape[1]), x, y[:, None], nn.MSELoss(), 0.0, config)
    return distance((state["weight"], state["bias"]), least_squares(x, y))


def logistic_difference(config: Config, generator: np.random.Generator) -> float:
    nn = engines.get("numpy").nn
    x, y = sample(datasets.load_breast_cancer, config.share, generator)
    model = logistic_regression(x.shape[1])
    state = descend(
        model, x, y[:, None].astype(np.float32), nn.BCEWithLogitsLoss(), 1 / len(x), config
    )
    other = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(
        x.astype(np.float64), y
    )
    return distance((state["weight"], state["bias"]), (other.coef_, other.intercept_))


def softmax_difference(config: Config, generator: np.random.Generator) -> float:
    nn = engines.get("numpy").nn
    x, y = sample(datasets.load_wine, config.share, generator)
    model = softmax_regression(x.shape[1], 3)
    state = descend(model, x, y.astype(np.int64), nn.CrossEntropyLoss(), 1 / len(x), config)
    other = LogisticRegression(C=1.0, solver="lbfgs", tol=1e-10, max_iter=10_000).fit(
        x.astype(np.float64), y
    )
    centred = [bias - bias.mean() for bias in (state["bias"], other.intercept_)]
    return distance((state["weight"], centred[0]), (other.coef_, centred[1]))


def moons_accuracy(model: Any, config: Config, seed: int) -> float:
    engine = engines.get("numpy")
    x, y = data.moons(config.moons, config.noise, seed=2 * seed)
    new_x, new_y = data.moons(1000, config.noise, seed=2 * seed + 1)
    optimizer = engine.optim.SGD(model.parameters(), lr=config.mlp_lr, momentum=0.9)
    targets = y[:, None].astype(np.float32)
    fit(
        model, (x, targets), engine=engine, optimizer=optimizer, loss=engine.nn.BCEWithLogitsLoss(),
        epochs=config.epochs, batch_size=50, seed=seed,
    )  # fmt: skip
    return float(((predict(model, new_x, engine)[:, 0] > 0) == new_y).mean())


def count(model: Any) -> int:
    return sum(parameter.size for parameter in model.parameters())


def run(config: Config, seed: int) -> dict[str, float | list]:
    engines.get("numpy").manual_seed(seed)
    generator = np.random.default_rng(seed)
    results: dict[str, float | list] = {
        "linear_difference": linear_difference(config, generator),
        "logistic_difference": logistic_difference(config, generator),
        "softmax_difference": softmax_difference(config, generator),
    }
    networks = {
        "one_layer": logistic_regression(2),
        "identity_mlp": mlp([2, config.hidden, 1], activation="identity"),
        "tanh_mlp": mlp([2, config.hidden, 1], activation="tanh"),
    }
    for name, model in networks.items():
        results[f"{name}_parameters"] = count(model)
        results[f"{name}_accuracy"] = moons_accuracy(model, config, seed)
    return results


def gain(metrics: Metrics, name: str) -> tuple[float, float]:
    """Mean and standard error of a network's accuracy minus that of one layer, paired by seed."""
    difference = metrics[f"{name}_accuracy"] - metrics["one_layer_accuracy"]
    return float(difference.mean()), float(
        difference.std(ddof=1) / np.sqrt(len(difference))
    ) if len(difference) > 1 else 0.0


def criterion(metrics: Metrics) -> Verdict:
    worst = max(metrics.max(f"{name}_difference") for name in ("linear", "logistic", "softmax"))
    (identity, error), (bend, _) = gain(metrics, "identity_mlp"), gain(metrics, "tanh_mlp")
    same, more = worst < TOLERANCE, identity > 2 * error and identity > 0.01
    outcome = "holds" if same and more else "holds partly" if same or more else "does not hold"
    return Verdict(
        outcome,
        f"same optimum: coefficients differ by at most {worst:.1e} of the largest; but more parameters alone change "
        f"the accuracy on moons by {100 * identity:+.1f} points, the same number with a bend by {100 * bend:+.1f}",
    )


EXPERIMENT = Experiment(
    id="N8",
    chapter="neurons/one-layer-networks",
    claim="y = ax + b is wx + b: linear and logistic regression are one-layer networks; only more parameters separate "
    "them from a multi-layer perceptron.",
    criterion_text="First half: for every seed, no coefficient of linear, logistic or softmax regression trained as a "
    "network differs from the closed form or scikit-learn by 0.1 % of the largest coefficient or more. Second half: "
    "a hidden layer without activation (more parameters and nothing else) raises the accuracy on two half-moons by "
    "more than 1 percentage point and more than 2 standard errors. The claim holds if both halves do; holds "
    "partly if one does; else does not hold.",
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=30,
)
