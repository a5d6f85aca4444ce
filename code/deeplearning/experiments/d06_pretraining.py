"""D6: deep sigmoid networks with and without layer-wise pretraining, at equal numbers of steps.

784, three or ten hidden layers of 100 sigmoids, 10, on 5,000 images of Fashion-MNIST. All start from the
initialisation usual until 2010, weights from U(-1/√n, 1/√n):

- pretrained: every hidden layer is trained as an autoencoder for some epochs, without labels, then the whole network
  is trained with labels.
- plain: trained with labels from the start, for as many steps as pretraining and training have together. One of its
  steps costs more time than a step of pretraining, which goes through two layers only; seconds are in the record.

SGD with momentum and batches of 50; the last epochs have a tenth of the rate. The rate was set in pilot runs on
seed 100, judged by the last training images (setting ``validation``); with ten layers, at width 50, the plain network
stayed at chance at 0.02, 0.1 and 0.5.
The gradient is measured at the start of the training with labels: of its norm in the last hidden layer, what reaches
the first one. For "plain" this is before any training, for "pretrained" after pretraining.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import initialise
from deeplearning.models.signals import reach, signals
from deeplearning.training import evaluate, fit
from deeplearning.training.pretrain import pretrain

NETWORKS = ("plain_3", "pretrained_3", "plain_10", "pretrained_10")
GAIN, REACH = 0.3, 100.0


@dataclass(frozen=True)
class Config:
    networks: tuple[str, ...] = NETWORKS
    rates: tuple[float, ...] = (0.1, 0.1, 0.1, 0.1)  # of the networks, in order
    width: int = 100
    images: int = 5000
    epochs: tuple[int, ...] = (8, 2)  # with labels: at the rate, and at a tenth of it
    pretraining_epochs: int = 3  # for each hidden layer
    pretraining_rate: float = 0.05
    batch_size: int = 50
    momentum: float = 0.9
    test_images: int = 5000
    validation: bool = False  # True: judge on the last 5,000 training images

    @classmethod
    def smoke(cls) -> "Config":
        return cls(width=4, images=100, epochs=(1, 1), pretraining_epochs=1, test_images=50)


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def cases(config: Config) -> Sequence[str]:
    return config.networks


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    split, engine = images(), engines.get("numpy")
    train = split.train_x[: config.images], split.train_y[: config.images]
    judged = split.test_x[: config.test_images], split.test_y[: config.test_images]
    if config.validation:
        judged = split.train_x[55_000:], split.train_y[55_000:]
    kind, depth = case.split("_")[0], int(case.split("_")[1])
    extra = config.pretraining_epochs * depth  # epochs that pretraining takes, all layers together
    engine.manual_seed(seed)
    model = deep_mlp([784] + [config.width] * depth + [10], "sigmoid")
    initialise(model, "old")
    seconds = 0.0
    if kind == "pretrained":
        histories = pretrain(
            model, train[0], engine=engine, epochs=config.pretraining_epochs,
            optimizer=lambda p: engine.optim.SGD(p, lr=config.pretraining_rate, momentum=0.9),
            batch_size=config.batch_size, seed=seed,
        )  # fmt: skip
        seconds = sum(sum(history.seconds) for history in histories)
    reached = reach(signals(model, train[0][:1000], train[1][:1000], engine).gradients)
    accuracies = [evaluate(model, judged, engine)]
    phases = list(config.epochs)
    if kind != "pretrained":
        phases[0] += extra
    rate = dict(zip(config.networks, config.rates, strict=True))[case]
    optimizer = engine.optim.SGD(model.parameters(), lr=rate, momentum=config.momentum)
    for phase, epochs in enumerate(phases):
        optimizer.lr = rate * 0.1**phase
        history = fit(
            model, train, engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
            epochs=epochs, batch_size=config.batch_size, seed=100 * seed + phase,
            after_epoch=lambda _, model: accuracies.append(evaluate(model, judged, engine)),
        )  # fmt: skip
        seconds += sum(history.seconds)
    return {
        f"test_accuracy_{case}": accuracies[-1],
        f"curve_{case}": accuracies,
        f"reach_{case}": reached,
        f"seconds_{case}": seconds,
    }


def criterion(metrics: Metrics) -> Verdict:
    gain = metrics["test_accuracy_pretrained_10"] - metrics["test_accuracy_plain_10"]
    more = metrics["reach_pretrained_10"] / metrics["reach_plain_10"]
    words = " / ".join(
        f"{metrics.mean(f'test_accuracy_plain_{depth}'):.1%} and "
        f"{metrics.mean(f'test_accuracy_pretrained_{depth}'):.1%}"
        for depth in (3, 10)
    )
    headline = f"test accuracy without and with pretraining, 3 / 10 layers: {words}"
    if not (gain > GAIN).all():
        return Verdict("does not hold", headline)
    return Verdict("holds" if (more > REACH).all() else "holds partly", headline)


EXPERIMENT = Experiment(
    id="D6",
    chapter="deep/why-depth-failed",
    claim="Layer-wise pretraining overcame vanishing gradients.",
    criterion_text=(
        "ten sigmoid layers, equal numbers of steps, all 5 seeds: holds if the pretrained network is more than 30 "
        "points of test accuracy above the plain one, and if after pretraining more than 100 times as much of the "
        "gradient reaches the first layer as without it; holds partly if only the accuracy is; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=330,
)
