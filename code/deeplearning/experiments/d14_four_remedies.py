"""D14: a network of ten sigmoid layers that does not learn, and four changes that each make it learn.

784, ten hidden layers of 100, 10, on 10,000 images of Fashion-MNIST; all networks take the same steps of SGD with
momentum, the last epochs at a tenth of the rate, and see the same batches. The baseline has sigmoids and the
initialisation usual until 2010, "old": weights from U(-1/√n, 1/√n). Each remedy changes one thing:

- initialisation: Glorot's, with the gain 4 and the centring that a sigmoid needs; only the numbers at the start differ.
- relu: ReLU in place of the sigmoid, with the initialisation derived for it, He's. These are two changes; what ReLU
  does with the old one is part of D2.
- pretraining: the hidden layers are pretrained as autoencoders from the old start, without labels. This costs steps
  that the others do not get; D6 compares at equal numbers.
- residual: from the second hidden layer on the input of a layer is added to its output. The parameters are the same
  and start from the same numbers as those of the baseline.

Every network has its own learning rate, chosen with width, epochs and the settings of the pretraining in pilot runs at
widths 50 and 100 on seed 100, judged by some of the last 10,000 training images; not every rate was tried for every
network. The baseline stayed at chance at 0.02, 0.1 and 0.5 (width 50). Neither test images nor seeds of the record took
part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import initialise
from deeplearning.models.signals import reach, signals
from deeplearning.training import Diverged, evaluate, fit
from deeplearning.training.pretrain import pretrain

NETWORKS = {  # activation, initialisation, residual connections
    "baseline": ("sigmoid", "old", False),
    "initialisation": ("sigmoid", "glorot_sigmoid", False),
    "relu": ("relu", "he", False),
    "pretraining": ("sigmoid", "old", False),
    "residual": ("sigmoid", "old", True),
}
REMEDIES = ("initialisation", "relu", "pretraining", "residual")
FAILED, LEARNED, MOST = 0.2, 0.8, 0.8  # accuracies, and the share of seeds that a remedy must cure


@dataclass(frozen=True)
class Config:
    networks: tuple[str, ...] = tuple(NETWORKS)
    rates: tuple[float, ...] = (0.1, 0.03, 0.01, 0.1, 0.1)  # of the networks, in order
    hidden: int = 10
    width: int = 100
    images: int = 10_000
    epochs: tuple[int, ...] = (6, 2)  # at the rate, and at a tenth of it
    batch_size: int = 50
    momentum: float = 0.9
    test_images: int = 5000
    pretraining_epochs: int = 3  # for each hidden layer
    pretraining_rate: float = 0.05
    validation: bool = False  # True: judge on the last 5,000 training images

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            hidden=2, width=5, images=200, epochs=(1, 1), pretraining_epochs=1, test_images=50
        )


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def cases(config: Config) -> Sequence[str]:
    return config.networks


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    split = images()
    train = split.train_x[: config.images], split.train_y[: config.images]
    judged = split.test_x[: config.test_images], split.test_y[: config.test_images]
    if config.validation:
        judged = split.train_x[55_000:], split.train_y[55_000:]
    activation, scheme, residual = NETWORKS[case]
    engine = engines.get("numpy")
    engine.manual_seed(seed)
    sizes = [784] + [config.width] * config.hidden + [10]
    model = initialise(deep_mlp(sizes, activation, residual=residual), scheme)
    seconds = 0.0
    if case == "pretraining":
        histories = pretrain(
            model, train[0], engine=engine, epochs=config.pretraining_epochs,
            optimizer=lambda p: engine.optim.SGD(p, lr=config.pretraining_rate, momentum=0.9),
            batch_size=config.batch_size, seed=seed,
        )  # fmt: skip
        seconds = sum(sum(history.seconds) for history in histories)
    gradients = signals(model, train[0][:1000], train[1][:1000], engine).gradients
    accuracies = [evaluate(model, judged, engine)]
    losses: list[float] = []
    rate = dict(zip(config.networks, config.rates, strict=True))[case]
    optimizer = engine.optim.SGD(model.parameters(), lr=rate, momentum=config.momentum)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            for phase, epochs in enumerate(config.epochs):
                optimizer.lr = rate * 0.1**phase
                history = fit(
                    model, train, engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
                    epochs=epochs, batch_size=config.batch_size, seed=100 * seed + phase,
                    after_epoch=lambda _, model: accuracies.append(evaluate(model, judged, engine)),
                )  # fmt: skip
                losses += history.train_loss
                seconds += sum(history.seconds)
    except Diverged:  # a network that overflows answers at random
        accuracies += [0.1] * (sum(config.epochs) + 1 - len(accuracies))
        losses += [float(np.log(10))] * (sum(config.epochs) - len(losses))
    return {
        f"test_accuracy_{case}": accuracies[-1],
        f"curve_{case}": accuracies,
        f"train_loss_{case}": losses,
        f"reach_{case}": reach(gradients),
        f"seconds_{case}": seconds,
    }


def criterion(metrics: Metrics) -> Verdict:
    def shares(case: str) -> np.ndarray:
        return metrics[f"test_accuracy_{case}"]

    failed = bool((shares("baseline") < FAILED).all())
    cured = [case for case in REMEDIES if (shares(case) > LEARNED).mean() >= MOST]
    means = ", ".join(f"{case} {shares(case).mean():.1%}" for case in REMEDIES)
    headline = f"test accuracy of ten layers: baseline {shares('baseline').mean():.1%}, {means}"
    if failed and len(cured) == len(REMEDIES):
        return Verdict("holds", headline)
    return Verdict("holds partly" if failed and cured else "does not hold", headline)


EXPERIMENT = Experiment(
    id="D14",
    chapter="deep/why-depth-failed",
    claim=(
        "A net of ten sigmoid layers that does not learn is made to learn by initialisation, by ReLU, by layer-wise "
        "pretraining and by residual connections, each by itself."
    ),
    criterion_text=(
        "test accuracy after the last epoch, 5 seeds, chance is 10 %: holds if the baseline is below 20 % in all "
        "seeds and each of the four remedies above 80 % in at least 4 of 5; holds partly if the baseline is and one "
        "to three of the remedies are; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=300,
)
