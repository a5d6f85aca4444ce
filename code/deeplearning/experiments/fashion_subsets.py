"""What C3 to C6 share: balanced subsets of Fashion-MNIST as images, and training on them with PyTorch."""

from functools import lru_cache
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.training import evaluate, fit

Data = tuple[np.ndarray, np.ndarray]
LEARNED_FROM = 50_000  # subsets are drawn from these; settings are chosen on the 10,000 after them


@lru_cache(maxsize=1)
def clothes() -> data.Split:
    """Read the images once a process."""
    return data.fashion_mnist()


def draw(size: int, seed: int, validation: bool = False, judged: int = 10_000) -> tuple[Data, Data]:
    """Draw a training subset, and what it is judged by.

    ``size`` images (N, 1, 28, 28) with equally many of each of the ten classes, from the first 50,000 training images;
    a smaller draw of a seed lies inside a larger one. With them come the first ``judged`` test images, or with
    ``validation`` the first of the last 10,000 training images. ``ValueError`` for a size that ten does not divide.
    """
    if size < 10 or size % 10:
        raise ValueError(f"draw: {size} images cannot be ten equal classes; give a multiple of 10")
    split = clothes()
    labels = split.train_y[:LEARNED_FROM]
    order = np.random.default_rng([345, seed]).permutation(len(labels))
    chosen = np.concatenate([order[labels[order] == label][: size // 10] for label in range(10)])
    if validation:
        test_x, test_y = split.train_x[LEARNED_FROM:], split.train_y[LEARNED_FROM:]
    else:
        test_x, test_y = split.test_x, split.test_y
    training = split.train_x[chosen][:, None], labels[chosen]
    return training, (test_x[:judged, None], test_y[:judged])


def learn(
    model: Any, training: Data, rate: float, epochs: int, batch_size: int, seed: int
) -> float:
    """Train with Adam and cross-entropy, the last third of the epochs at a tenth of the rate; return the last loss."""
    engine = engines.get("torch")
    wanted = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = engine.optim.Adam(wanted, lr=rate)
    last, loss = epochs // 3, float("nan")
    for phase, (count, factor) in enumerate(((epochs - last, 1.0), (last, 0.1))):
        for group in optimizer.param_groups:
            group["lr"] = rate * factor
        if count:
            history = fit(
                model, training, engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
                epochs=count, batch_size=batch_size, seed=2 * seed + phase,
            )  # fmt: skip
            loss = history.train_loss[-1]
    return loss


def accuracy(model: Any, judged: Data) -> float:
    """Return the share of right answers."""
    return evaluate(model, judged, engines.get("torch"))
