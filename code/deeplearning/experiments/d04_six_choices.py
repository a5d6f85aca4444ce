"""D4: six choices that were studied while deep networks did not work: which matter, and which depend on each other.

A network 784-100-10 is trained on 5,000 images of Fashion-MNIST, drawn by the seed from the first 50,000 of the
training set. In each of six ablations one choice takes the values of ``ABLATIONS`` and the other five stay at the base:
SGD with momentum 0.9 at a constant rate, 100 nodes, standardised pixels, ReLU, no regularisation. So that a setting is
not blamed for a rate that suits another, every one has its own: the one with the best accuracy on the last 10,000
training images among 0.01, 0.03 and 0.1, on seed 100, which is not among those of the record (for SGD without momentum
ten times these rates, for AdaGrad 0.3 times, for RMSProp, Adam and AdamW 0.03 times). Only the constant rates of the
first ablation are what they are. The ε of whitening was chosen in the same way among 0.01, 0.1 and 1; the last two were
equal within noise, and 0.1 whitens more.

The best and the worst setting of an ablation are named by those validation images too, and the gap between them is then
measured on the test images: the largest of several differences that are nothing but noise would look like an effect.

A full factorial design then crosses two levels of all six choices, 64 settings without any tuning, on 2,000 images. Its
contrasts are the six main effects and the fifteen interactions of pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.data.augment import RandomHorizontalFlip
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.training import Diverged, evaluate, fit

ENGINE = engines.get("numpy")
Setting = dict[str, Any]
SETS = ("train", "validation", "test")

BASE: Setting = {
    "rate": 0.01,
    "schedule": "constant",
    "optimiser": "momentum",
    "hidden": 100,
    "preprocessing": "standardise",
    "activation": "relu",
    "regularisation": "none",
}
ABLATIONS: dict[str, dict[str, Setting]] = {
    "rate": {
        "constant_0003": {"rate": 0.003},
        "constant_001": {"rate": 0.01},
        "constant_003": {"rate": 0.03},
        "constant_01": {"rate": 0.1},
        "step": {"schedule": "step"},
        "cosine": {"schedule": "cosine"},
        "warm_up_cosine": {"schedule": "warm_up_cosine"},
        "one_cycle": {"schedule": "one_cycle"},
    },
    "optimiser": {
        name: {"optimiser": name}
        for name in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")
    },
    "hidden": {f"nodes_{n}": {"hidden": n} for n in (16, 32, 64, 100, 200, 400)},
    "preprocessing": {
        name: {"preprocessing": name} for name in ("raw", "standardise", "pca", "zca")
    },
    "activation": {
        name: {"activation": name} for name in ("sigmoid", "tanh", "relu", "leaky_relu", "gelu")
    },
    "regularisation": {
        name: {"regularisation": name}
        for name in ("none", "decay_00001", "decay_0001", "dropout_02", "dropout_05", "flip")
    },
}
RATES: dict[str, float] = {
    **dict.fromkeys(("rate_step", "rate_cosine", "rate_warm_up_cosine", "rate_one_cycle"), 0.03),
    "optimiser_sgd": 0.1,
    "optimiser_momentum": 0.01,
    "optimiser_nesterov": 0.01,
    "optimiser_adagrad": 0.009,
    "optimiser_rmsprop": 0.0003,
    "optimiser_adam": 0.003,
    "optimiser_adamw": 0.0009,
    **{f"hidden_{name}": 0.01 for name in ABLATIONS["hidden"]},
    "preprocessing_raw": 0.03,
    **{f"preprocessing_{name}": 0.01 for name in ("standardise", "pca", "zca")},
    "activation_sigmoid": 0.1,
    "activation_tanh": 0.03,
    **{f"activation_{name}": 0.01 for name in ("relu", "leaky_relu", "gelu")},
    **{f"regularisation_{name}": 0.01 for name in ABLATIONS["regularisation"]},
}

FACTORS: dict[str, tuple[Setting, Setting]] = {  # the low and the high level
    "rate": ({"rate": 0.01}, {"rate": 0.1}),
    "momentum": ({"optimiser": "sgd"}, {"optimiser": "momentum"}),
    "nodes": ({"hidden": 20}, {"hidden": 200}),
    "preprocessing": ({"preprocessing": "raw"}, {"preprocessing": "standardise"}),
    "activation": ({"activation": "sigmoid"}, {"activation": "relu"}),
    "dropout": ({"regularisation": "none"}, {"regularisation": "dropout_05"}),
}
PAIRS = tuple(combinations(range(len(FACTORS)), 2))

OPTIMISERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {"weight_decay": 0.01}),
}
ACTIVATIONS = {
    "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU", "leaky_relu": "LeakyReLU", "gelu": "GELU",
}  # fmt: skip
DECAY = {"decay_00001": 1e-4, "decay_0001": 1e-3}
DROPOUT = {"dropout_02": 0.2, "dropout_05": 0.5}


@dataclass(frozen=True)
class Config:
    images: int = 5_000
    epochs: int = 15
    batch_size: int = 100
    factorial_images: int = 2_000
    factorial_epochs: int = 8
    epsilon: float = 0.1  # added to the variances before whitening
    judged_images: int = 10_000  # of the validation and of the test set
    ablations: tuple[str, ...] = tuple(ABLATIONS)
    factors: tuple[str, ...] = tuple(FACTORS)

    @classmethod
    def smoke(cls) -> "Config":
        return cls(images=100, epochs=1, factorial_images=20, factorial_epochs=1, judged_images=100)


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


@lru_cache(maxsize=4)
def prepared(kind: str, count: int, seed: int, judged: int, epsilon: float) -> list[np.ndarray]:
    """Draw the training set of a seed and return it, validation and test images preprocessed, labels after each."""
    split = images()
    chosen = np.random.default_rng(seed).permutation(50_000)[:count]
    sets = [
        (split.train_x[chosen], split.train_y[chosen]),
        (split.train_x[-10_000:][:judged], split.train_y[-10_000:][:judged]),
        (split.test_x[:judged], split.test_y[:judged]),
    ]
    train_x = sets[0][0]
    change: Any = None
    if kind == "standardise":
        change = data.Standardise.fit(train_x)
    elif kind in ("pca", "zca"):
        change = data.Whiten.fit(train_x, kind=kind, epsilon=epsilon)
    return [part for x, y in sets for part in (change(x) if change else x, y)]


def network(setting: Setting) -> Any:
    """Make the network of a setting, one hidden layer."""
    nn = ENGINE.nn
    drop = DROPOUT.get(setting["regularisation"])
    layers = [nn.Linear(784, setting["hidden"]), getattr(nn, ACTIVATIONS[setting["activation"]])()]
    layers += [nn.Dropout(drop)] if drop else []
    return nn.Sequential(*layers, nn.Linear(setting["hidden"], 10))


def scheduled(name: str, optimizer: Any, steps: int) -> Any:
    """Make the schedule of that name over ``steps`` batches, or None for a constant rate."""
    module, early = ENGINE.optim.lr_scheduler, max(1, steps // 10)
    if name == "step":
        return module.StepLR(optimizer, step_size=max(1, -(-steps * 2 // 3)), gamma=0.1)
    if name == "cosine":
        return module.CosineAnnealingLR(optimizer, T_max=steps)
    if name == "warm_up_cosine":
        parts = [
            module.LinearLR(optimizer, start_factor=0.1, total_iters=early),
            module.CosineAnnealingLR(optimizer, T_max=max(1, steps - early)),
        ]
        return module.SequentialLR(optimizer, parts, milestones=[early])
    if name == "one_cycle":
        return module.OneCycleLR(optimizer, max_lr=optimizer.lr, total_steps=steps)
    return None


def train(setting: Setting, sets: list[np.ndarray], epochs: int, batch_size: int, seed: int) -> Any:
    """Train the network of a setting and return it, or None if the loss left the range of numbers."""
    ENGINE.manual_seed(seed)
    model = network(setting)
    kind, options = OPTIMISERS[setting["optimiser"]]
    if setting["regularisation"] in DECAY:
        options = options | {"weight_decay": DECAY[setting["regularisation"]]}
    optimizer = getattr(ENGINE.optim, kind)(model.parameters(), lr=setting["rate"], **options)
    steps = epochs * -(-len(sets[0]) // batch_size)
    # The pixels that flip are no longer those that were standardised together; they are nearly alike in pairs.
    flip = RandomHorizontalFlip() if setting["regularisation"] == "flip" else None
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            fit(
                model, (sets[0], sets[1]), engine=ENGINE, optimizer=optimizer, loss=ENGINE.nn.CrossEntropyLoss(),
                epochs=epochs, batch_size=batch_size, seed=seed, transform=flip,
                scheduler=scheduled(setting["schedule"], optimizer, steps),
            )  # fmt: skip
    except Diverged:
        return None
    return model


def accuracies(
    setting: Setting, images: int, epochs: int, config: Config, seed: int, on: Sequence[str] = SETS
) -> list[float]:
    """Train once and return the accuracies on the sets ``on``; 0.1, as by guessing, if training diverged."""
    sets = prepared(setting["preprocessing"], images, seed, config.judged_images, config.epsilon)
    model = train(setting, sets, epochs, config.batch_size, seed)
    places = [2 * SETS.index(name) for name in on]
    return [
        0.1 if model is None else evaluate(model, (sets[i], sets[i + 1]), ENGINE) for i in places
    ]


def settings(ablation: str) -> dict[str, Setting]:
    """Return the settings of an ablation, whole, each with its own rate."""
    return {
        name: BASE | {"rate": RATES.get(f"{ablation}_{name}", BASE["rate"])} | change
        for name, change in ABLATIONS[ablation].items()
    }


def cases(config: Config) -> Sequence[str]:
    return (*config.ablations, "factorial")


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    if case == "factorial":
        return {"test_accuracy_factorial": factorial(config, seed)}
    result: dict[str, float | list] = {}
    for name, setting in settings(case).items():
        found = accuracies(setting, config.images, config.epochs, config, seed)
        for kind, value in zip(SETS, found, strict=True):
            result[f"{kind}_accuracy_{case}_{name}"] = value
    return result


def factorial(config: Config, seed: int) -> list[float]:
    """Return the test accuracy of all 2⁶ settings; factor k is at its high level where bit k of the number is set."""
    found = []
    for number in range(2 ** len(FACTORS)):
        setting = BASE
        for k, levels in enumerate(FACTORS.values()):
            setting = setting | levels[number >> k & 1]
        found += accuracies(
            setting, config.factorial_images, config.factorial_epochs, config, seed, on=("test",)
        )
    return found


def contrasts(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the main effects (…, 6) and the interactions of the pairs (…, 15) of a two-level design (…, 64).

    A main effect is the mean at the high level less the mean at the low one; the interaction of two factors is half the
    difference of one's effect at the two levels of the other, which is the same both ways round.
    """
    values = np.asarray(values)
    factors = int(np.log2(values.shape[-1]))
    numbers = np.arange(values.shape[-1])
    sign = np.stack([2.0 * (numbers >> k & 1) - 1 for k in range(factors)])
    pairs = np.stack([sign[j] * sign[k] for j, k in combinations(range(factors), 2)])
    half = values.shape[-1] / 2
    return values @ sign.T / half, values @ pairs.T / half


def gap(metrics: Metrics, ablation: str) -> tuple[str, str, np.ndarray]:
    """Return the best and the worst setting on validation images, and the gap on test images (seeds,)."""
    names = list(ABLATIONS[ablation])
    order = sorted(names, key=lambda name: metrics.mean(f"validation_accuracy_{ablation}_{name}"))
    best, worst = order[-1], order[0]
    difference = (
        metrics[f"test_accuracy_{ablation}_{best}"] - metrics[f"test_accuracy_{ablation}_{worst}"]
    )
    return best, worst, difference


def criterion(metrics: Metrics) -> Verdict:
    clear, words = [], []
    for ablation in ABLATIONS:
        _, _, difference = gap(metrics, ablation)
        error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
        mean = difference.mean()
        clear.append(bool(mean > 0.01 and mean > 3 * error))
        words.append(f"{ablation} {100 * mean:.1f}")
    outcome = "holds" if all(clear) else "holds partly" if sum(clear) >= 3 else "does not hold"
    _, pairs = contrasts(metrics["test_accuracy_factorial"])
    largest = int(np.abs(pairs.mean(axis=0)).argmax())
    j, k = (list(FACTORS)[i] for i in PAIRS[largest])
    return Verdict(
        outcome,  # type: ignore[arg-type]
        f"best less worst setting, percentage points of test accuracy: {', '.join(words)}; "
        f"strongest interaction: {j} × {k}",
    )


EXPERIMENT = Experiment(
    id="D4",
    chapter="deep/what-the-patient-ones-studied",
    claim=(
        "Learning rate, optimiser, number of hidden nodes, preprocessing, activation and regularisation, which "
        "researchers studied meanwhile, each matter."
    ),
    criterion_text=(
        "test accuracy of 784-100-10 on Fashion-MNIST, 5 seeds, six ablations; in each the best and the worst of the "
        "settings are named by their validation accuracy: holds if in all six the gap between those two on the test "
        "images, paired by seed, is more than 1 percentage point and more than 3 standard errors; holds partly if in "
        "at least three; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=700,
    cases=cases,
)
