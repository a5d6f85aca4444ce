"""D15: a network trained on five classes of Fashion-MNIST, reused as a feature extractor for the other five.

A seed draws which five classes are the source. 784-256-256-5 learns them from 2,000 images a class. Its hidden layers
then stay as they are, and softmax regression on one of them learns the other five classes from 5, 10, 20, 50 or 100
labelled images a class. Four rivals see the same labelled images: softmax regression on the raw pixels; on the same
hidden layer of a network that was never trained; and 784-256-256-5 trained on nothing but the labelled images. All are
judged on the 5,000 test images of the five target classes. Pixels and layers are divided by one number each, their
spread over the source images, so that one penalty means the same everywhere.

Chosen with the setting ``validation`` on seeds 100 and 101, which are not among those of the record, with labelled
images from the first 50,000 training images and judged on others of the last 10,000, at 5 and 20 labels a class: the
layer that is reused (first or second) and the penalties of the classifier on pixels and on layers (of 0.01, 0.1, 1 and
10). The rival that starts anew did as well with 20 epochs as with 60.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import mlp
from deeplearning.models.initialise import initialise
from deeplearning.models.probe import layer_inputs
from deeplearning.training import evaluate, fit

ENGINE = engines.get("numpy")
FEW = (5, 10, 20)  # labels a class at which the claim is judged
AHEAD = 0.02  # the least lead, in accuracy
Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Config:
    labels: tuple[int, ...] = (5, 10, 20, 50, 100)  # labelled images of each target class
    source_images: int = 2000  # of each source class
    hidden: tuple[int, ...] = (256, 256)
    layer: int = 2  # the hidden layer that is judged
    rate: float = 0.001  # of Adam, for all networks
    source_epochs: int = 8
    source_batch: int = 100
    scratch_epochs: int = 40
    scratch_batch: int = 25
    penalty_pixels: float = 1.0
    penalty_layers: float = 1.0
    test_images: int = 1000  # of each target class
    validation: bool = False

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            labels=FEW, source_images=20, hidden=(8, 8), source_epochs=1, scratch_epochs=1, test_images=10
        )  # fmt: skip


@lru_cache(maxsize=1)
def clothes() -> data.Split:
    """Read the images once a process."""
    return data.fashion_mnist(flat=True)


def pick(x: np.ndarray, y: np.ndarray, classes: np.ndarray, count: int) -> Data:
    """The first ``count`` images of each class, in turn, with labels 0, 1, … by the order of ``classes``."""
    places = np.stack([np.flatnonzero(y == label)[:count] for label in classes], axis=1)
    return x[places.ravel()], np.tile(np.arange(len(classes)), len(places))


def draw(config: Config, seed: int) -> tuple[Data, Data, Data]:
    """What the source network learns from; labelled images of the target classes, 100 of each; test images."""
    split, generator = clothes(), np.random.default_rng([15, seed])
    classes = generator.permutation(10)
    source, target = classes[:5], classes[5:]
    count = 50_000 if config.validation else len(split.train_x)
    order = generator.permutation(count)
    x, y = split.train_x[order], split.train_y[order]
    judged = pick(split.test_x, split.test_y, target, config.test_images)
    if config.validation:
        judged = pick(split.train_x[50_000:], split.train_y[50_000:], target, 900)
    few = pick(x, y, target, max(config.labels))
    return pick(x, y, source, config.source_images), few, judged


def train(config: Config, learn: Data, seed: int, epochs: int, batch: int) -> Any:
    """A network of five outputs, trained on ``learn`` from He's start; with no epochs, the start itself."""
    ENGINE.manual_seed(seed)
    model = initialise(mlp([784, *config.hidden, 5]), "he")
    if epochs:
        fit(
            model, learn, engine=ENGINE, optimizer=ENGINE.optim.Adam(model.parameters(), lr=config.rate),
            loss=ENGINE.nn.CrossEntropyLoss(), epochs=epochs, batch_size=batch, seed=seed,
        )  # fmt: skip
    return model


def linear_reader(few: Data, judged: Data, spread: float, penalty: float) -> float:
    """Accuracy of softmax regression on features divided by ``spread``."""
    reader = LogisticRegression(C=1 / penalty, max_iter=300).fit(few[0] / spread, few[1])
    return float(reader.score(judged[0] / spread, judged[1]))


def run(config: Config, seed: int) -> dict[str, float | list]:
    source, few, judged = draw(config, seed)
    trained = train(config, source, seed, config.source_epochs, config.source_batch)
    untrained = train(config, source, seed, 0, config.source_batch)
    described = {
        name: [layer_inputs(model, part[0], ENGINE) for part in (source, few, judged)]
        for name, model in (("trained", trained), ("untrained", untrained))
    }
    ways = {"pixels": [layers[0] for layers in described["trained"]]}
    for number in range(1, len(config.hidden) + 1):
        ways[f"layer_{number}"] = [layers[number] for layers in described["trained"]]
    ways["untrained"] = [layers[config.layer] for layers in described["untrained"]]
    result: dict[str, float | list] = {f"accuracy_{name}": [] for name in (*ways, "scratch")}
    for labels in config.labels:
        # The labelled images come class by class in turn, so the first ones are equally many of each.
        first = slice(labels * 5)
        for name, (everything, some, test) in ways.items():
            penalty = config.penalty_pixels if name == "pixels" else config.penalty_layers
            value = linear_reader(
                (some[first], few[1][first]), (test, judged[1]), float(everything.std()), penalty
            )
            result[f"accuracy_{name}"].append(value)  # type: ignore[union-attr]
        learn = few[0][first], few[1][first]
        anew = train(config, learn, seed, config.scratch_epochs, config.scratch_batch)
        result["accuracy_scratch"].append(evaluate(anew, judged, ENGINE))  # type: ignore[union-attr]
    source_test = evaluate(trained, source, ENGINE)
    return result | {  # type: ignore[return-value]
        "accuracy_transfer": list(result[f"accuracy_layer_{config.layer}"]),  # type: ignore[arg-type]
        "labels": list(config.labels),
        "source_train_accuracy": source_test,
    }


def lead(metrics: Metrics, rival: str, place: int) -> tuple[float, float]:
    """Return how far the transferred features are ahead of a rival at one number of labels, and the standard error."""
    gains = metrics["accuracy_transfer"][:, place] - metrics[f"accuracy_{rival}"][:, place]
    error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return float(gains.mean()), float(error)


def criterion(metrics: Metrics) -> Verdict:
    ahead = []
    places = [place for place, count in enumerate(metrics["labels"][0]) if count in FEW]
    for rival in ("pixels", "scratch"):
        leads = [lead(metrics, rival, place) for place in places]
        ahead.append(all(mean > AHEAD and mean > 3 * error for mean, error in leads))
    means = [
        f"{metrics.mean(f'accuracy_{name}')[places[1]]:.1%}"
        for name in ("transfer", "pixels", "scratch")
    ]
    headline = f"10 labels a class: reused layer / pixels / trained anew {' / '.join(means)}"
    outcome = "holds" if all(ahead) else "holds partly" if any(ahead) else "does not hold"
    return Verdict(outcome, headline)  # type: ignore[arg-type]


EXPERIMENT = Experiment(
    id="D15",
    chapter="deep/representation-learning",
    claim="Features that a network learned on some classes help with other classes of which few labels are known.",
    criterion_text=(
        "mean test accuracy over 8 seeds, paired, with 5, 10 and 20 labelled images a class: holds if a linear "
        "classifier on the reused hidden layer is more than 2 percentage points and 3 standard errors above a linear "
        "classifier on raw pixels and above the network trained anew, at all three; holds partly if above one of the "
        "two rivals; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=8,
    cost_seconds=150,
)
