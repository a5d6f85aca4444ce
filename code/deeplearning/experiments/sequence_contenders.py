"""What S8 and S9 share: linear classifiers on pooled sequences, networks that read them, and when one is clearly ahead.

Sequences are arrays (T, C), of different lengths T; labels are integers. Everything is fitted on the sequences that
are given to learn from and then answers for others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from deeplearning import data, engines
from deeplearning.experiments import Metrics
from deeplearning.models.sequence_classifier import sequence_classifier
from deeplearning.models.sound_cnn import sound_cnn
from deeplearning.training import fit, predict

FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # how much of a sequence is heard
FEWER = 1 / 3  # the least share of a rival's errors that must be gone


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: Adam with one cycle of the rate, noise on the frames while training, no early stop."""

    cell: str  # "rnn", "lstm", "gru", or "cnn"
    hidden: int = 64
    rate: float = 0.006  # the highest of the cycle
    epochs: int = 15
    batch_size: int = 50
    noise: float = 0.0  # standard deviation, in those of the coefficients
    dropout: float = 0.0
    bidirectional: bool = False
    read_out: str = "last"
    widths: tuple[int, int] = (32, 64)  # of the CNN


def standardised(
    train: Sequence[np.ndarray], test: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Every coefficient with mean 0 and spread 1 over the training frames; the test frames on the same scale."""
    scale = data.Standardise.fit(np.concatenate(train))
    return [scale(sequence) for sequence in train], [scale(sequence) for sequence in test]


def described(sequences: Sequence[np.ndarray], kind: str) -> np.ndarray:
    """One row a sequence, whatever its length.

    ``moments`` (N, 2C) are mean and standard deviation of every coefficient over time; ``pooled`` (N, 4C) adds the
    least and the greatest value, which is still blind to order; ``thirds`` (N, 5C) instead adds the means over the
    first, second and last third, which is not.

    >>> described([np.float32([[1], [2], [6]])], "thirds").round(2).tolist()
    [[3.0, 2.1600000858306885, 1.0, 2.0, 6.0]]
    """
    rows = []
    for sequence in sequences:
        parts = [sequence.mean(0), sequence.std(0)]
        if kind == "pooled":
            parts += [sequence.min(0), sequence.max(0)]
        elif kind == "thirds":
            cuts = np.linspace(0, len(sequence), 4)
            starts, ends = np.floor(cuts[:-1]).astype(int), np.ceil(cuts[1:]).astype(int)
            parts += [sequence[a:b].mean(0) for a, b in zip(starts, ends, strict=True)]
        rows.append(np.concatenate(parts))
    return np.stack(rows)


class Linear:
    """Logistic regression with an L2 penalty (C of scikit-learn) on one of the descriptions."""

    def __init__(self, kind: str, inverse_penalty: float) -> None:
        self.kind, self.inverse_penalty = kind, inverse_penalty

    def fit(self, sequences: Sequence[np.ndarray], labels: np.ndarray, seed: int) -> "Linear":
        features = described(sequences, self.kind)
        # With an epsilon, so that a mean that was subtracted before is not blown up out of its rounding errors.
        self.scale = data.Standardise.fit(features, 1e-6)
        self.model = LogisticRegression(C=self.inverse_penalty, max_iter=1000)
        self.model.fit(self.scale(features), labels)
        self.parameters = self.model.coef_.size + self.model.intercept_.size
        return self

    def answer(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        return self.model.predict(self.scale(described(sequences, self.kind)))


class Network:
    """A network trained by a recipe: recurrent on the book's own engine, convolutional on PyTorch."""

    def __init__(self, recipe: Recipe, classes: int) -> None:
        self.recipe, self.classes = recipe, classes
        # Each where it is faster on one core: the recurrent layers here, the convolutions there.
        self.engine = engines.get("torch" if recipe.cell == "cnn" else "numpy")

    def fit(self, sequences: Sequence[np.ndarray], labels: np.ndarray, seed: int) -> "Network":
        recipe, engine = self.recipe, self.engine
        channels = sequences[0].shape[1]
        engine.manual_seed(seed)
        if recipe.cell == "cnn":
            self.model = sound_cnn(channels, recipe.widths, 5, self.classes, engine.nn)
        else:
            self.model = sequence_classifier(
                recipe.cell, channels, recipe.hidden, self.classes, bidirectional=recipe.bidirectional,
                read_out=recipe.read_out, dropout=recipe.dropout, nn=engine.nn,
            )  # fmt: skip
        optimizer = engine.optim.Adam(self.model.parameters(), lr=recipe.rate)
        cycle = engine.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=recipe.rate, total_steps=recipe.epochs * -(-len(labels) // recipe.batch_size),
            cycle_momentum=False,
        )  # fmt: skip

        def noisy(x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
            x = x.copy()
            frames = x[:, :-1]
            noise = generator.standard_normal(frames.shape, dtype=np.float32)
            frames += recipe.noise * noise * x[:, -1:]
            return x

        fit(
            self.model, (prepared(sequences), labels), engine=engine, optimizer=optimizer,
            loss=engine.nn.CrossEntropyLoss(), epochs=recipe.epochs, batch_size=recipe.batch_size, seed=seed,
            scheduler=cycle, clip_norm=1.0, transform=noisy if recipe.noise else None,
        )  # fmt: skip
        self.parameters = sum(value.size for value in engine.state(self.model).values())
        return self

    def answer(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        return predict(self.model, prepared(sequences), self.engine).argmax(axis=1)


def prepared(sequences: Sequence[np.ndarray]) -> np.ndarray:
    """The sequences as one array with the mask as its last channel, (N, C + 1, L), L even."""
    longest = max(map(len, sequences))
    return data.with_mask(*data.pad(sequences, longest + longest % 2))


def heard(sequences: Sequence[np.ndarray], fraction: float) -> list[np.ndarray]:
    """The beginning of every sequence: this share of its frames, rounded up."""
    return [
        sequence[: max(1, int(np.ceil(fraction * len(sequence) - 1e-9)))] for sequence in sequences
    ]


def measured(
    contender: Any, sequences: Sequence[np.ndarray], labels: np.ndarray, classes: int, name: str
) -> dict[str, Any]:
    """What a trained contender does on a test set: which samples are right, its confusions, and what it makes of less.

    ``right_<name>`` (M,) is 1 where sample m is answered rightly, ``confusion_<name>`` (K, K) counts labels (rows)
    and answers, ``heard_<name>`` is the accuracy when only the beginning is heard, for each of the fractions.
    """
    answers = contender.answer(sequences)
    confusion = np.zeros((classes, classes), dtype=int)
    np.add.at(confusion, (labels, answers), 1)
    parts = [contender.answer(heard(sequences, share)) for share in FRACTIONS]
    return {
        f"right_{name}": (answers == labels).astype(int).tolist(),
        f"accuracy_{name}": float((answers == labels).mean()),
        f"confusion_{name}": confusion.tolist(),
        f"heard_{name}": [float((part == labels).mean()) for part in parts],
    }


@dataclass(frozen=True)
class Lead:
    """How far one contender is ahead of another on the same test set, in accuracy, and how sure that is."""

    mean: float
    over_seeds: float  # standard error if only the seed were another
    over_samples: float  # standard error if only the test samples were others of their kind
    fewer: float  # share of the rival's errors that are gone

    @property
    def clear(self) -> bool:
        """More than 3 standard errors over seeds, more than 2 over samples, and a third of the errors gone."""
        sure = self.mean > 3 * self.over_seeds and self.mean > 2 * self.over_samples
        return bool(sure and self.fewer >= FEWER - 1e-9)


def lead(metrics: Metrics, case: str, rival: str) -> Lead:
    """Compare two contenders by ``right_<name>`` (S, M): 1 where seed s answered test sample m rightly, else 0."""
    gains = metrics[f"right_{case}"] - metrics[f"right_{rival}"]
    seeds, samples = gains.mean(axis=1), gains.mean(axis=0)
    errors = 1 - metrics[f"right_{rival}"].mean()
    return Lead(
        float(gains.mean()),
        float(seeds.std(ddof=1) / np.sqrt(len(seeds))) if len(seeds) > 1 else 0.0,
        float(samples.std(ddof=1) / np.sqrt(len(samples))),
        float(gains.mean() / errors) if errors > 0 else 0.0,
    )
