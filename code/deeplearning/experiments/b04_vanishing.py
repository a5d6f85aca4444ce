"""B4: how much of the gradient reaches the first layer, by activation, depth and initialisation; and softmax's share.

784, some hidden layers of 50, 10, on 1,000 images of Fashion-MNIST. "Reach" is the norm of the gradient with respect to
the first hidden layer's weighted sums over its norm in the last hidden layer. Two initialisations each: "old",
weights from U(-1/√n, 1/√n), and the one derived for the activation: Glorot's with gain 4 and centring for the sigmoid,
Glorot's for tanh, He's for ReLU. Measured at the start for all depths, and at ten layers also after each epoch of
training on 5,000 images (SGD with momentum, the same rate for all, not tuned: the question is what the gradient does).

Softmax: scores drawn from a normal distribution of standard deviation s, labels at random; of the samples whose largest
score is not their label's, the mean norm of the gradient of the loss by the scores, for the cross-entropy and for half
the squared error of the probabilities. With s the network becomes surer of its wrong answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deeplearning import data, engines
from deeplearning.autograd import Tensor
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import initialise
from deeplearning.models.signals import reach, signals
from deeplearning.nn import functional as F
from deeplearning.training import fit

MODERN = {"sigmoid": "glorot_sigmoid", "tanh": "glorot", "relu": "he"}
JUDGED = 10  # layers
VANISHED, IMMUNE, SATURATED = 1e-3, 100.0, 0.1


@dataclass(frozen=True)
class Config:
    activations: tuple[str, ...] = tuple(MODERN)
    depths: tuple[int, ...] = (2, 5, 10, 20)
    width: int = 50
    probe: int = 1000  # images on which gradients are measured
    images: int = 5000
    epochs: int = 4
    rate: float = 0.02
    batch_size: int = 50
    spreads: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
    scores: int = 5000

    @classmethod
    def smoke(cls) -> "Config":
        return cls(depths=(2, 10), width=5, probe=20, images=100, epochs=1, scores=50)


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def cases(config: Config) -> Sequence[str]:
    start = [f"{name}_{init}" for name in config.activations for init in ("old", "modern")]
    return [*start, "softmax"]


def softmax_gradients(config: Config, seed: int) -> dict[str, list[float]]:
    """Mean norms of the gradient by the scores of wrong answers, for each spread of the scores."""
    generator = np.random.default_rng(seed)
    normal = generator.standard_normal((config.scores, 10))
    labels = generator.integers(0, 10, config.scores)
    wrong = normal.argmax(axis=1) != labels
    targets = np.eye(10)[labels]
    found: dict[str, list[float]] = {"cross_entropy": [], "squared_error": []}
    for spread in config.spreads:
        for name, norms in found.items():
            scores = Tensor(spread * normal, requires_grad=True)
            if name == "cross_entropy":
                loss = F.cross_entropy(scores, labels, reduction="sum")
            else:
                loss = ((scores.softmax(1) - Tensor(targets)) ** 2).sum() * 0.5
            loss.backward()
            gradient = np.array(scores.grad)
            norms.append(float(np.linalg.norm(gradient[wrong], axis=1).mean()))
    return {f"softmax_{name}": norms for name, norms in found.items()}


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    if case == "softmax":
        return dict(softmax_gradients(config, seed))
    activation, init = case.split("_")
    split, engine = images(), engines.get("numpy")
    probe = split.train_x[: config.probe], split.train_y[: config.probe]

    def start(depth: int) -> object:
        engine.manual_seed(seed)
        model = deep_mlp([784] + [config.width] * depth + [10], activation)
        return initialise(model, "old" if init == "old" else MODERN[activation])

    values: dict[str, float | list] = {}
    found = {depth: signals(start(depth), *probe, engine).gradients for depth in config.depths}
    values[f"reach_{case}"] = [reach(found[depth]) for depth in config.depths]
    deepest = [np.linalg.norm(gradient) for gradient in found[max(config.depths)][:-1]]
    values[f"profile_{case}"] = [float(norm / deepest[-1]) for norm in deepest]
    model = start(JUDGED)
    trained = [reach(signals(model, *probe, engine).gradients)]
    fit(
        model, (split.train_x[: config.images], split.train_y[: config.images]), engine=engine,
        optimizer=engine.optim.SGD(model.parameters(), lr=config.rate, momentum=0.9),  # type: ignore[attr-defined]
        loss=engine.nn.CrossEntropyLoss(), epochs=config.epochs, batch_size=config.batch_size, seed=seed,
        after_epoch=lambda _, model: trained.append(reach(signals(model, *probe, engine).gradients)),
    )  # fmt: skip
    return values | {f"reach_training_{case}": trained}


def criterion(metrics: Metrics) -> Verdict:
    spreads = Config().spreads
    sigmoid, relu = metrics["reach_training_sigmoid_old"], metrics["reach_training_relu_old"]
    vanishes = bool((sigmoid[:, [0, -1]] < VANISHED).all())
    immune = bool((relu[:, 0] > IMMUNE * sigmoid[:, 0]).all())
    saturates = {}
    for loss in ("squared_error", "cross_entropy"):
        norms = metrics[f"softmax_{loss}"]
        share = norms[:, spreads.index(30.0)] / norms[:, spreads.index(1.0)]
        saturates[loss] = bool((share < SATURATED).all())
    headline = (
        f"with ten layers {np.median(sigmoid[:, 0]):.0e} of the gradient reaches the first sigmoid layer and "
        f"{np.median(relu[:, 0]):.0e} the first ReLU layer; softmax with squared error "
        f"{'saturates' if saturates['squared_error'] else 'does not saturate'}, with cross-entropy "
        f"{'it does' if saturates['cross_entropy'] else 'it does not'}"
    )
    if vanishes and immune and all(saturates.values()):
        return Verdict("holds", headline)
    partly = vanishes and (immune or any(saturates.values()))
    return Verdict("holds partly" if partly else "does not hold", headline)


EXPERIMENT = Experiment(
    id="B4",
    chapter="deep/why-depth-failed",
    claim="Sigmoid and softmax make gradients vanish; ReLU is partly immune.",
    criterion_text=(
        "ten layers, old initialisation, all 5 seeds: (1) of the gradient less than 1/1000 reaches the first sigmoid "
        "layer, at the start and after the last epoch; (2) at the start ReLU lets through more than 100 times as much; "
        "(3) the gradient by the scores of softmax, mean over wrong answers, falls below a tenth when the scores "
        "become 30 times as large, with squared error and with cross-entropy. Holds if all three; holds partly if (1) "
        "and, of the rest, (2) or (3) for one of the losses; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=60,
)
