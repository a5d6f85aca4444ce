"""S7: the Constitution of Korea, read by an LSTM syllable by syllable (음절) and letter by letter (자모).

The same network, an embedding and one LSTM layer of the same sizes, on the same text cut in two ways. A unit is a
written syllable in one case and a letter of hangul in the other; spaces, figures and signs are units in both. What is
compared is the cost of the same text: the bits of all its units together, divided by its characters.

An alphabet holds the units that the training part has at least twice; all others become one further unit, the unknown.
Whoever reads that must still be told which it was: each unknown is charged :math:`\\log_2 11\\,172` bits besides, one
choice among all syllables of hangul.

Training is truncated back-propagation through time by Adam at a constant rate. A window spans 50 syllables or 100
letters, about the same stretch of text, so that both networks take as many steps in a pass. After every pass both are
judged on the validation part; the weights of the best pass are kept, and training ends when eight passes have brought
nothing better. The test part is read once, by these weights, as one stream that begins from nothing; its first
character is given.

Settings were chosen on the validation part with seed 100, and by syllable, where a run takes less time: 128 or
256 units, dropout of 0.3, 0.4 or 0.5, rates of 0.003, 0.004 or 0.005, 4, 8 or 16 streams. Jamo tried one of these.

For comparison: interpolated n-grams (modified Kneser-Ney, n from 1 to 12), order chosen on validation, on the same
units with the same charge; they are no part of the criterion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.char_lm import char_lm, surprise, write
from deeplearning.models.ngram import NGram
from deeplearning.training.language import read_once

UNITS = ("syllable", "jamo")
UNKNOWN = "�"
CHARGE = float(np.log2(11_172))  # bits to say which syllable an unknown one is
BEGINNING = "\n"  # of a paragraph
LEAST = 0.02  # the least lead, as a share of the syllables' bits


@dataclass(frozen=True)
class Config:
    at_least: int = 2
    embedding: int = 64
    hidden: int = 256
    dropout: float = 0.5
    passes: int = 60  # at most
    patience: int = 8
    streams: int = 8
    steps_syllable: int = 50
    steps_jamo: int = 100
    rate: float = 0.003
    clip_norm: float = 1.0
    orders: int = 12  # of the n-grams
    written_syllable: int = 160
    written_jamo: int = 320
    characters: int = 10**9  # read of each part, at most

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            embedding=4, hidden=8, passes=1, streams=4, orders=2, written_syllable=3, written_jamo=6, characters=300,
        )  # fmt: skip


def parts(config: Config, unit: str) -> tuple[data.Alphabet, list[str], list[np.ndarray]]:
    """The alphabet, the three parts of the text, and their codes."""
    law = data.constitution()
    texts = [part[: config.characters] for part in (law.train, law.validation, law.test)]
    alphabet = data.Alphabet.of(texts[0], by=unit, unknown=UNKNOWN, at_least=config.at_least)  # type: ignore[arg-type]
    return alphabet, texts, [alphabet.encode(text) for text in texts]


def cost(alphabet: data.Alphabet, text: str, codes: np.ndarray, bits: np.ndarray) -> float:
    """Bits a character of a text without its first: those of the units (n − 1,), and the charge of the unknown ones.

    The first character may be several units; ``codes`` (n,) are those of the whole text.
    """
    given = len(alphabet.split(text[0]))
    total = bits[given - 1 :].sum() + CHARGE * (codes[given:] == 0).sum()
    return float(total / (len(text) - 1))


def judge_network(config: Config, unit: str, seed: int) -> dict[str, Any]:
    """Train until validation no longer improves; return what the best weights make of the test, and what they write."""
    alphabet, texts, (train, validation, test) = parts(config, unit)
    engine = engines.get("torch")
    engine.manual_seed(seed)
    model = char_lm(
        len(alphabet), config.embedding, config.hidden, dropout=config.dropout, nn=engine.nn
    )
    optimizer = engine.optim.Adam(model.parameters(), lr=config.rate)
    steps = config.steps_jamo if unit == "jamo" else config.steps_syllable
    learning: list[float] = []
    curve: list[float] = []
    best = engine.state(model)
    while (
        len(curve) < config.passes and len(curve) - np.argmin([*curve, np.inf]) <= config.patience
    ):
        learned = read_once(
            model, train, engine=engine, optimizer=optimizer, count=config.streams, length=steps,
            clip_norm=config.clip_norm,
        )  # fmt: skip
        learning.append(learned * (len(train) - 1) / (len(texts[0]) - 1))
        curve.append(cost(alphabet, texts[1], validation, surprise(model, validation, engine)))
        if curve[-1] == min(curve):
            best = engine.state(model)
    engine.load(model, best)
    bits = surprise(model, test, engine)
    beginning = alphabet.encode(BEGINNING)
    count = config.written_jamo if unit == "jamo" else config.written_syllable
    written = write(model, beginning, count, engine, seed=seed)
    return {
        "test": cost(alphabet, texts[2], test, bits),
        "validation": min(curve),
        "best_pass": int(np.argmin(curve)) + 1,
        "learning": [round(value, 4) for value in learning]
        + [0.0] * (config.passes - len(learning)),
        "curve": [round(value, 4) for value in curve] + [0.0] * (config.passes - len(curve)),
        "perplexity": float(2 ** bits.mean()),
        "symbols": len(alphabet),
        "units": len(test),
        "unknown": int((test == 0).sum()),
        "parameters": sum(value.numel() for value in model.parameters()),
        "written": written.tolist(),
    }


def judge_ngrams(config: Config, unit: str) -> dict[str, Any]:
    """Count n-grams of several orders; return what the best of them on validation makes of the test."""
    alphabet, texts, (train, validation, test) = parts(config, unit)
    curve, models = [], []
    for order in range(1, config.orders + 1):
        models.append(NGram(order, len(alphabet)).fit(train))
        bits = models[-1].bits(validation, history=train)[1:]
        curve.append(cost(alphabet, texts[1], validation, bits))
    bits = models[int(np.argmin(curve))].bits(test, history=validation)[1:]
    return {
        "ngram_test": cost(alphabet, texts[2], test, bits),
        "ngram_order": int(np.argmin(curve)) + 1,
        "ngram_curve": curve,
    }


def cases(config: Config) -> Sequence[str]:
    return UNITS


def run(config: Config, seed: int, case: str) -> dict[str, Any]:
    values = judge_network(config, case, seed) | judge_ngrams(config, case)
    return {f"{name}_{case}": value for name, value in values.items()}


def lead(metrics: Metrics) -> tuple[float, float]:
    """How many bits a character the letters are cheaper than the syllables, and the standard error, paired by seed."""
    gains = metrics["test_syllable"] - metrics["test_jamo"]
    error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return float(gains.mean()), float(error)


def criterion(metrics: Metrics) -> Verdict:
    gain, error = lead(metrics)
    jamo, syllable = (metrics.mean(f"test_{unit}") for unit in ("jamo", "syllable"))
    headline = (
        f"bits a character of the test part: by letter {jamo:.2f}, by syllable {syllable:.2f}; "
        f"difference {gain:.3f} ± {error:.3f}"
    )
    if gain <= 3 * error:
        return Verdict("does not hold", headline)
    return Verdict("holds" if gain >= LEAST * syllable else "holds partly", headline)


EXPERIMENT = Experiment(
    id="S7",
    chapter="sequences/a-language-model",
    claim="Korean is learned better by letters (jamo) than by syllables.",
    criterion_text=(
        "bits a character of the Constitution's last tenth, the same LSTM by jamo and by syllable, each stopped where "
        "its validation is best, unknown units charged; paired by seed. Holds if jamo cost fewer bits by more than "
        "3 standard errors and by at least 2 %; holds partly if by more than 3 standard errors but less than 2 %; "
        "else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=480,
)
