"""S3: a convolutional encoder and an LSTM caption composed scenes of two digits, in English and in Korean.

Scenes of 48 × 48 pixels are composed of two MNIST digits (``data/captions.py``); nothing is hidden, and whether one
lies left of, right of, above or below the other is clear by 10 pixels. Each scene has two true captions a language, one
for each digit to begin with. Scenes to learn from are composed of training images, scenes to be judged by of test
images, anew for every seed. Pairs of digits that sum to nine (0 and 9, 1 and 8, 2 and 7, 3 and 6, 4 and 5; every digit
is in one of them) never occur together in training: the rule was set beforehand. ``seen`` are test scenes of the other
pairs, ``unseen`` of these.

Training has two stages. First the encoder (``models/captioner.py``, ``digit_maps``) learns which digits are in a scene,
not where, by the binary cross-entropy of the largest number of each map. Then it stays as it is, and the decoder learns
to speak by teacher forcing from its maps. One decoder learns both languages; a mark says which is wanted. In every
epoch it reads each scene with one of the two captions of each language, drawn anew.

Contenders, with the same encoder: ``tell``, one summary of the picture for all words, five numbers a map that say how
much and where (after Vinyals and others 2015), and ``attend``, additive attention at every word (Xu and others 2015).
Controls, which are ``tell`` with something taken away, in training and in the test: ``deaf`` does not hear what it has
said (each word it reads is the mark of the beginning), ``blind`` gets maps of zeros. ``swapped`` needs no training: the
captions of ``tell``, judged by those of another scene.

Metrics, ``<search>`` greedy or beam (of 4), ``<language>`` en or ko, ``<pairs>`` seen or unseen, ``<case>`` the
contender or control:

- ``exact_<search>_<language>_<pairs>_<case>``: the share of scenes whose caption is one of the two true ones, to the
  letter.
- ``bleu_<search>_<language>_<pairs>_<case>``: BLEU by sacrebleu with two references, 0 to 100, of words in English and
  of characters in Korean.
- ``formed_``, ``digits_``, ``relation_<language>_<pairs>_<case>``: greedy captions that are sentences of the language
  at all, that name the right two digits, and that name them and say how they lie.
- ``both_<language>_<pairs>_<case>``: beams whose first two sentences are the two true captions.
- ``gained_<language>_<pairs>_<case>``: beams whose best sentence is likelier than the greedy one.
- ``named_<pairs>``: scenes in which the encoder's maps exceed 0.5 for the digits that are there and for no other.
- ``swapped_<language>``; ``loss_<case>``: nats a unit, in training, for each epoch; ``parameters_<case>``,
  ``parameters_encoder``.
- Samples, the first scenes of ``seen``: ``facts`` (8, 3) first digit, relation, second digit, and
  ``said_<language>_<case>`` (8, 8), greedy captions as numbers of the vocabulary. The scenes themselves are those of
  ``judged`` with the same seed. ``looked_<language>`` (3, 8, 36): thousandths of the attention that ``attend`` gave to
  each place before each word, for the first three.

Settings were found with seed 100 and no test image, in part with true maps instead of an encoder's: a summary given
with every word was learned several times as fast as one given before the first only, five numbers a map faster than all
of its places, and an encoder that was frozen after learning which digits are there let the decoder learn many times as
fast as one that learned from captions alone. ``attend`` reads each scene less often than ``tell`` because a step of it
takes longer.

This is the second run of the claim. The first had 16,000 scenes, and 5 epochs for the encoder and for ``tell``,
without a validation of these numbers; it did not hold, with 93.7 % in English and 93.8 % in Korean, and 73.1 % and
74.7 % of the pairs that it had never seen together. A trial with seed 100, learned from the first 50,000 training
images and judged on scenes of the last 10,000, then gave 96.1 % and 96.2 % with 32,000 scenes and 8 and 6 epochs, and
less of the unseen pairs. The criterion is the same, but for its words on where the picture enters, which described
another network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sacrebleu
import torch

from deeplearning import data, engines
from deeplearning.data.captions import (
    LANGUAGES,
    RELATIONS,
    Language,
    Vocabulary,
    caption,
    captioned_scenes,
    meaning,
    opposite,
    references,
)
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.captioner import (
    attentive_captioner,
    caption_loss,
    captioner,
    digit_maps,
    moments,
    with_coordinates,
)
from deeplearning.models.decoding import beam_search, greedy

CONTENDERS = ("tell", "attend")
CONTROLS = ("deaf", "blind")
LENGTH = 9  # codes of the longest caption, with its beginning and its end
SAMPLES, LOOKED = 8, 3
BAR = 0.95
MUST_FAIL = 0.5
SIDE = 48


@dataclass(frozen=True)
class Config:
    widths: tuple[int, ...] = (32, 64, 96)
    hidden: int = 128
    scenes: int = 40_000
    margin: float = 10.0  # pixels, see captioned_scenes
    background: float = 0.15
    epochs_eyes: int = 8
    rate_eyes: float = 0.004
    epochs_tell: int = 6
    epochs_attend: int = 3
    epochs_deaf: int = 3
    epochs_blind: int = 1
    batch_size: int = 64
    rate: float = 0.01  # the highest of one cycle of AdamW
    weight_decay: float = 0.01
    seen: int = 1000
    unseen: int = 300
    beam: int = 4
    bfloat16: bool = True
    validation: bool = False  # learn from the first 50,000 training images, judge on the rest

    def epochs(self, case: str) -> int:
        return getattr(self, f"epochs_{case}")

    @classmethod
    def smoke(cls) -> Config:
        return cls(
            widths=(2, 2, 4), hidden=8, scenes=40, epochs_eyes=1, epochs_tell=1, epochs_attend=1, epochs_deaf=1,
            batch_size=20, seen=20, unseen=10, beam=2,
        )  # fmt: skip


@lru_cache(maxsize=1)
def digits() -> data.Split:
    """Read the images once a process."""
    return data.mnist()


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    return Vocabulary()


@lru_cache(maxsize=1)
def captions_as_codes() -> np.ndarray:
    """Every caption as numbers: (languages, first, relation, second, LENGTH)."""
    table = np.zeros((len(LANGUAGES), 10, len(RELATIONS), 10, LENGTH), np.int64)
    for number, language in enumerate(LANGUAGES):
        for first, relation, second in np.ndindex(10, len(RELATIONS), 10):
            text = caption(first, relation, second, language)
            codes = vocabulary().encode_all([text], language, LENGTH)
            table[number, first, relation, second] = codes[0]
    return table


def sums_to_nine(labels: np.ndarray) -> np.ndarray:
    """Of classes (N, 2), whether the pair is one of those that are kept from training."""
    return labels.sum(axis=1) == 9


def other_pairs(labels: np.ndarray) -> np.ndarray:
    return ~sums_to_nine(labels)


def images(config: Config, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels to ``learn`` from or to ``judge`` by."""
    split = digits()
    if part == "learn":
        end = 50_000 if config.validation else None
        return split.train_x[:end], split.train_y[:end]
    if config.validation:
        return split.train_x[50_000:], split.train_y[50_000:]
    return split.test_x, split.test_y


def composed(
    config: Config, part: str, count: int, seed: int, pairs: str
) -> tuple[np.ndarray, np.ndarray]:
    """Scenes (count, 1, 48, 48) of images of a part, of pairs ``seen`` or ``unseen``, and what is true of them."""
    scenes, facts = captioned_scenes(
        *images(config, part), count, seed=seed, size=(SIDE, SIDE), margin=config.margin,
        background=config.background, keep=other_pairs if pairs == "seen" else sums_to_nine,
    )  # fmt: skip
    return scenes.images, facts


def learned(config: Config, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scenes to learn from (M, 1, 48, 48), and what is true of them (M, 3)."""
    return composed(config, "learn", config.scenes, 3 * seed, "seen")


def judged(config: Config, seed: int, pairs: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first ``count`` scenes to be judged by, of pairs ``seen`` or ``unseen``, and what is true of them."""
    return composed(config, "judge", count, 3 * seed + (1 if pairs == "seen" else 2), pairs)


def either_order(facts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Let the other digit come first in about half of the facts (N, 3)."""
    turned = np.stack([facts[:, 2], opposite(facts[:, 1]), facts[:, 0]], axis=1)
    return np.where(generator.random(len(facts))[:, None] < 0.5, facts, turned)


def one_cycle(parameters: Any, rate: float, steps: int, config: Config) -> tuple[Any, Any]:
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=config.weight_decay, fused=True)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=steps, pct_start=0.15
    )


def in_batches(count: int, config: Config, generator: np.random.Generator) -> np.ndarray:
    """An epoch's batches of a random order, (steps, batch_size); what does not fill a batch is left out."""
    steps = count // config.batch_size
    return generator.permutation(count)[: steps * config.batch_size].reshape(steps, -1)


def present(facts: np.ndarray) -> np.ndarray:
    """Which digits are in a scene, (N, 10) ones and zeros."""
    return (facts[:, [0, 2], None] == np.arange(10)).any(axis=1).astype(np.float32)


def learn_to_see(config: Config, seed: int, pictures: np.ndarray, facts: np.ndarray) -> Any:
    """Train the encoder to say which digits are there."""
    nn = torch.nn
    encoder: Any = digit_maps(10, config.widths, nn).to(memory_format=torch.channels_last)
    scores = nn.Sequential(*encoder[:-1], nn.AdaptiveMaxPool2d(1), nn.Flatten())  # no sigmoid
    generator, wanted = np.random.default_rng([30, seed]), present(facts)
    steps = config.epochs_eyes * (len(pictures) // config.batch_size)
    optimizer, cycle = one_cycle(encoder.parameters(), config.rate_eyes, steps, config)
    for _ in range(config.epochs_eyes):
        for batch in in_batches(len(pictures), config, generator):
            part = torch.from_numpy(pictures[batch]).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=config.bfloat16):
                found = scores(part)
            loss = nn.functional.binary_cross_entropy_with_logits(
                found.float(), torch.from_numpy(wanted[batch])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            cycle.step()
    return encoder.eval()


def maps_of(encoder: Any, pictures: np.ndarray) -> np.ndarray:
    """What the encoder says of pictures, (N, 10, 6, 6)."""
    with torch.no_grad():
        return np.concatenate(
            [encoder(part).numpy() for part in torch.split(torch.from_numpy(pictures), 250)]
        )


class Speaker:
    """A decoder for a case of the experiment: what it is given to see and to hear, in training and afterwards."""

    def __init__(self, config: Config, case: str) -> None:
        self.engine = engines.get("torch")
        self.case = case
        if case == "attend":
            places = (SIDE >> len(config.widths)) ** 2
            self.model = attentive_captioner(
                len(vocabulary()), 12, places, config.hidden, nn=self.engine.nn
            )
        else:
            self.model = captioner(len(vocabulary()), 50, config.hidden, nn=self.engine.nn)

    def look(self, maps: np.ndarray) -> tuple[Any, ...]:
        shown = 0 * maps if self.case == "blind" else maps
        known = with_coordinates(shown) if self.case == "attend" else moments(shown)
        return self.model.look(self.engine.tensor(known))

    def heard(self, words: np.ndarray, starts: np.ndarray) -> torch.Tensor:
        """What it hears of the words (R, T) or (R,): all but ``deaf`` hear them as they are."""
        if self.case == "deaf":
            words = np.broadcast_to(starts.reshape(-1, *[1] * (words.ndim - 1)), words.shape).copy()
        return self.engine.tensor(words)

    def loss(self, maps: np.ndarray, facts: np.ndarray) -> Any:
        """Teacher forcing with a caption of each language."""
        table = captions_as_codes()
        codes = np.concatenate([table[number][tuple(facts.T)] for number in range(len(LANGUAGES))])
        rows = np.tile(np.arange(len(maps)), len(LANGUAGES))
        state = tuple(part[rows] for part in self.look(maps))
        scores = self.model.read(state, self.heard(codes[:, :-1], codes[:, 0]))
        targets = self.engine.tensor(codes[:, 1:])
        real = (targets != vocabulary().code("<pad>")).float()
        return caption_loss(scores, targets, real, self.engine.nn)

    def step_for(self, language: Language) -> Callable[..., Any]:
        """What the searches ask for the next word."""
        start = vocabulary().start(language)

        def step(state: tuple[Any, ...], words: np.ndarray) -> tuple[np.ndarray, tuple[Any, ...]]:
            with torch.no_grad():
                scores, state = self.model.step(
                    state, self.heard(words, np.full(len(words), start))
                )
            return scores.double().log_softmax(1).numpy(), state

        return step

    def say(
        self, maps: np.ndarray, language: Language, width: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Greedy captions (N, T) and their scores (N,), and beams (N, W, T) and theirs (N, W)."""
        found: list[list[np.ndarray]] = [[], [], [], []]
        step, words = self.step_for(language), vocabulary()
        for begin in range(0, len(maps), 250):
            with torch.no_grad():
                state = self.look(maps[begin : begin + 250])
            start = np.full(len(state[0]), words.start(language))
            said = greedy(step, state, start, words.end, LENGTH - 1)
            beams = beam_search(step, state, start, words.end, LENGTH - 1, width)
            for row, part in zip(found, (*said, *beams), strict=True):
                row.append(part)
        first, second, third, fourth = (np.concatenate(row) for row in found)
        return first, second, third, fourth


def trained(
    config: Config, case: str, seed: int, maps: np.ndarray, facts: np.ndarray
) -> tuple[Speaker, list[float]]:
    """Train a decoder; return it, and the loss of each epoch."""
    torch.manual_seed(seed)
    speaker = Speaker(config, case)
    epochs = config.epochs(case)
    steps = epochs * (len(maps) // config.batch_size)
    optimizer, cycle = one_cycle(speaker.model.parameters(), config.rate, steps, config)
    generator = np.random.default_rng([3, seed])
    losses = []
    for _ in range(epochs):
        told, total = either_order(facts, generator), []
        for batch in in_batches(len(maps), config, generator):
            loss = speaker.loss(maps[batch], told[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            cycle.step()
            total.append(loss.item())
        losses.append(float(np.mean(total)))
    speaker.model.eval()
    return speaker, losses


def texts(codes: np.ndarray, language: Language) -> list[str]:
    """Captions (N, T) as text."""
    start = vocabulary().start(language)
    return [vocabulary().decode([start, *row]) for row in codes]


def bleu(said: Sequence[str], true: Sequence[tuple[str, str]], language: Language) -> float:
    """BLEU of captions with two references each, 0 to 100."""
    result = sacrebleu.corpus_bleu(
        list(said),
        [list(column) for column in zip(*true, strict=True)],
        tokenize="none" if language == "en" else "char",
    )
    return float(result.score)


def understood(said: Sequence[str], facts: np.ndarray, language: Language) -> dict[str, float]:
    """Shares of captions that are sentences, that name the right digits, and that also say how they lie."""
    formed = digits_right = relation_right = 0
    for text, (first, relation, second) in zip(said, facts.tolist(), strict=True):
        meant = meaning(text, language)
        if meant is None:
            continue
        formed += 1
        if sorted((meant[0], meant[2])) == sorted((first, second)):
            digits_right += 1
            true = {(first, relation, second), (second, opposite(relation), first)}
            relation_right += meant in true
    count = len(said)
    return {
        "formed": formed / count, "digits": digits_right / count, "relation": relation_right / count
    }  # fmt: skip


def heard_of(
    speaker: Speaker, config: Config, maps: np.ndarray, facts: np.ndarray, pairs: str
) -> dict[str, float | list]:
    """All metrics of a case on the scenes of some pairs."""
    values: dict[str, Any] = {}
    for language in LANGUAGES:
        words, scores, beams, beam_scores = speaker.say(maps, language, config.beam)
        true = [references(a, relation, b, language) for a, relation, b in facts.tolist()]
        best = {"greedy": texts(words, language), "beam": texts(beams[:, 0], language)}
        end = f"{language}_{pairs}_{speaker.case}"
        for search, said in best.items():
            values[f"exact_{search}_{end}"] = agreement(said, true)
            values[f"bleu_{search}_{end}"] = bleu(said, true, language)
        for name, share in understood(best["greedy"], facts, language).items():
            values[f"{name}_{end}"] = share
        first_two = zip(best["beam"], texts(beams[:, 1], language), true, strict=True)
        values[f"both_{end}"] = float(np.mean([{a, b} == set(two) for a, b, two in first_two]))
        values[f"gained_{end}"] = float(np.mean(beam_scores[:, 0] > scores + 1e-9))
        if pairs == "seen":
            values[f"said_{language}_{speaker.case}"] = words[:SAMPLES].tolist()
            if speaker.case == "tell":
                values[f"swapped_{language}"] = agreement(best["greedy"], [*true[1:], true[0]])
            if speaker.case == "attend":
                values[f"looked_{language}"] = looked(
                    speaker, maps[:LOOKED], words[:LOOKED], language
                )
    return values


def agreement(said: Sequence[str], true: Sequence[tuple[str, str]]) -> float:
    """The share of captions that are one of the two true ones."""
    return float(np.mean([text in two for text, two in zip(said, true, strict=True)]))


def looked(speaker: Speaker, maps: np.ndarray, words: np.ndarray, language: Language) -> list[Any]:
    """Where the network looked before each word that it said, in thousandths, (N, T, P)."""
    found = []
    with torch.no_grad():
        state = speaker.look(maps)
        last = np.full(len(maps), vocabulary().start(language))
        for t in range(words.shape[1]):
            _, state, weights = speaker.model.attend(state, torch.from_numpy(last))
            found.append(np.rint(1000 * weights.numpy()).astype(np.int64))
            last = words[:, t]
    return np.stack(found, axis=1).tolist()


def run(config: Config, seed: int) -> dict[str, float | list]:
    torch.manual_seed(seed)
    pictures, facts = learned(config, seed)
    encoder = learn_to_see(config, seed, pictures, facts)
    maps = maps_of(encoder, pictures)
    values: dict[str, Any] = {"parameters_encoder": sum(p.numel() for p in encoder.parameters())}
    asked = {}
    for pairs, count in (("seen", config.seen), ("unseen", config.unseen)):
        shown, true = judged(config, seed, pairs, count)
        asked[pairs] = maps_of(encoder, shown), true
        right = (asked[pairs][0].max(axis=(2, 3)) > 0.5) == (present(true) > 0.5)
        values[f"named_{pairs}"] = float(right.all(axis=1).mean())
    values["facts"] = asked["seen"][1][:SAMPLES].tolist()
    for case in CONTENDERS + CONTROLS:
        speaker, values[f"loss_{case}"] = trained(config, case, seed, maps, facts)
        values[f"parameters_{case}"] = sum(p.numel() for p in speaker.model.parameters())
        for pairs, (seen, true) in asked.items():
            values |= heard_of(speaker, config, seen, true, pairs)
    return values


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean over seeds and its standard error."""
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(values.mean()), float(error)


def reaches(metrics: Metrics, language: str, case: str = "tell") -> bool:
    """Whether greedy captions of seen pairs are exact often enough, two standard errors taken off."""
    mean, error = mean_and_error(metrics[f"exact_greedy_{language}_seen_{case}"])
    return mean - 2 * error >= BAR


def controls_fail(metrics: Metrics) -> bool:
    """Whether neither control, nor a caption of another scene, is exact in half of the cases."""
    names = [f"exact_greedy_{language}_seen_{case}" for language in LANGUAGES for case in CONTROLS]
    names += [f"swapped_{language}" for language in LANGUAGES]
    return all(metrics.mean(name) < MUST_FAIL for name in names)


def criterion(metrics: Metrics) -> Verdict:
    parts = []
    for language, name in (("en", "English"), ("ko", "Korean")):
        seen, unseen = (
            metrics.mean(f"exact_greedy_{language}_{pairs}_tell") for pairs in ("seen", "unseen")
        )
        parts.append(f"{name} {seen:.1%} (pairs never seen together {unseen:.1%})")
    blind = metrics.mean("exact_greedy_en_seen_blind")
    headline = f"exact captions: {', '.join(parts)}; without seeing {blind:.1%}"
    if not controls_fail(metrics):
        return Verdict("does not hold", headline)
    reached = [reaches(metrics, language) for language in LANGUAGES]
    if all(reached):
        return Verdict("holds", headline)
    attended = any(reaches(metrics, language, "attend") for language in LANGUAGES)
    return Verdict("holds partly" if any(reached) or attended else "does not hold", headline)


EXPERIMENT = Experiment(
    id="S3",
    chapter="sequences/pictures-to-words",
    claim="CNN + LSTM together: captioning images.",
    criterion_text=(
        "share of greedy captions that are one of the two true ones to the letter, on scenes composed of test images,"
        " of pairs of digits that occur in training, 3 seeds: holds if the CNN and LSTM with the picture beside every"
        " word reach 95 % in English and in Korean, each mean with two standard errors taken off; holds partly if in "
        "one language only, or with attention only; else does not hold. It does not hold either if a network that "
        "does not see the picture, one that does not hear its own words, or the captions of other scenes are exact in"
        " 50 % or more. Pairs that never occur together in training are reported apart and do not count"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=3,
    few_seeds="each run trains an encoder and four decoders on many thousand scenes",
    cost_seconds=600,
)
