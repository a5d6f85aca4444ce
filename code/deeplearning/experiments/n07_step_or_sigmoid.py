"""N7: a single-layer perceptron with the step, or with the sigmoid and a threshold: is it all the same?

Both neurons are trained by the same lines: one sample at a time, w ← w + η (y − ŷ) x with η = 0.1 (the notes' value,
not tuned), from the same random weights, on the same samples in the same order. Only ŷ differs: the step of z, which
makes this the perceptron's rule, or the sigmoid of z, which makes it stochastic gradient descent on the log-loss.
Both answer 1 where z > 0, for a sigmoid the same as a threshold of one half.

Three data sets, inputs standardised with the training half's mean and deviation: two far clouds (centres 6 deviations
apart), two overlapping clouds (2 deviations apart: no classifier can exceed 84.1 %), and breast cancer (30 features).
Each of 20 seeds draws new clouds or a new split in halves. Measured on the test half after every epoch: the accuracy
at the end, and the *wobble*, the standard deviation of accuracy over the last 20 epochs of a run.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_breast_cancer

from deeplearning import data
from deeplearning.experiments import Experiment, Metrics, Verdict

SETS = ("far", "overlapping", "cancer")
EQUAL = 0.01  # of accuracy: one percentage point


@dataclass(frozen=True)
class Config:
    lr: float = 0.1
    epochs: int = 60
    last: int = 20
    points: int = 600
    far: float = 6.0
    near: float = 2.0

    @classmethod
    def smoke(cls) -> "Config":
        return cls(epochs=4, last=2, points=60)


def step(z: float) -> float:
    return 1.0 if z > 0 else 0.0


def sigmoid(z: float) -> float:
    return 0.5 + 0.5 * float(np.tanh(0.5 * z))


def train(
    activation: Callable[[float], float],
    samples: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    config: Config,
    seed: int,
) -> np.ndarray:
    """Train one neuron a sample at a time; its accuracy on the test samples after every epoch."""
    learn_x, learn_y, test_x, test_y = samples
    generator = np.random.default_rng(seed)
    w, b = generator.uniform(-0.5, 0.5, learn_x.shape[1]), 0.0
    accuracy = []
    for _ in range(config.epochs):
        for i in generator.permutation(len(learn_x)):
            error = learn_y[i] - activation(float(learn_x[i] @ w) + b)
            if error:
                w += config.lr * error * learn_x[i]
                b += config.lr * error
        accuracy.append(float(((test_x @ w + b > 0) == test_y).mean()))
    return np.array(accuracy)


def halves(
    x: np.ndarray, y: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    order = generator.permutation(len(x))
    learn, test = order[: len(x) // 2], order[len(x) // 2 :]
    x = (x.astype(np.float64) - x[learn].mean(axis=0)) / x[learn].std(axis=0)
    return x[learn], y[learn].astype(np.float64), x[test], y[test]


def run(config: Config, seed: int) -> dict[str, float | list]:
    generator = np.random.default_rng(seed)
    clouds = {
        name: data.blobs(config.points, centers=[[0.0, 0.0], [apart, 0.0]], spread=1.0, seed=seed)
        for name, apart in (("far", config.far), ("overlapping", config.near))
    }
    results: dict[str, float | list] = {}
    for name in SETS:
        x, y = load_breast_cancer(return_X_y=True) if name == "cancer" else clouds[name]
        samples = halves(x, y, generator)
        for kind, activation in (("step", step), ("sigmoid", sigmoid)):
            curve = train(activation, samples, config, seed)
            results[f"{name}_{kind}_curve"] = curve.tolist()
            results[f"{name}_{kind}_accuracy"] = float(curve[-1])
            results[f"{name}_{kind}_wobble"] = float(curve[-config.last :].std(ddof=1))
    return results


def difference(metrics: Metrics, name: str) -> tuple[float, float]:
    """Mean and standard error of sigmoid minus step, paired by seed."""
    values = metrics[f"{name}_sigmoid_accuracy"] - metrics[f"{name}_step_accuracy"]
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if len(
        values
    ) > 1 else 0.0


def criterion(metrics: Metrics) -> Verdict:
    equal = []
    for name in SETS:
        mean, error = difference(metrics, name)
        same_accuracy = abs(mean) + 2 * error <= EQUAL
        calm = metrics.mean(f"{name}_step_wobble") <= metrics.mean(f"{name}_sigmoid_wobble") + EQUAL
        equal.append(same_accuracy and calm)
    outcome = "holds" if all(equal) else "holds partly" if any(equal) else "does not hold"
    points = ", ".join(f"{100 * difference(metrics, name)[0]:+.1f}" for name in SETS)
    wobble = [100 * metrics.mean(f"overlapping_{kind}_wobble") for kind in ("step", "sigmoid")]
    return Verdict(
        outcome,
        f"sigmoid minus step, points of test accuracy: {points} (far clouds, overlapping clouds, breast cancer); "
        f"wobble from epoch to epoch on the overlapping clouds {wobble[0]:.1f} points with the step, "
        f"{wobble[1]:.1f} with the sigmoid",
    )


EXPERIMENT = Experiment(
    id="N7",
    chapter="neurons/one-layer-networks",
    claim="A single-layer perceptron uses the step, or the sigmoid and a threshold: either will do.",
    criterion_text="On a data set either will do if the paired difference of test accuracy after 60 epochs, with "
    "2 standard errors on either side, stays within 1 percentage point over 20 seeds, and the step's accuracy wobbles "
    "over the last 20 epochs by at most 1 point more than the sigmoid's. The claim holds if that is so on "
    "all three data sets; holds partly if on one or two; else does not hold.",
    config=Config,
    run=run,
    criterion=criterion,
    seeds=20,
    cost_seconds=60,
)
