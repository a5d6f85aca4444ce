"""S3: which pairs are kept from training, what counts as right, what the controls get, and the criterion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from deeplearning.data.captions import LANGUAGES, opposite
from deeplearning.experiments import Metrics
from deeplearning.experiments import s03_captions as s03

SMALL = s03.Config.smoke()


def test_every_digit_is_in_one_pair_that_is_kept_out() -> None:
    pairs = np.array([[a, b] for a in range(10) for b in range(a, 10)])
    unseen = pairs[s03.sums_to_nine(pairs)]
    assert sorted(unseen.ravel().tolist()) == list(range(10))
    assert (s03.other_pairs(pairs) != s03.sums_to_nine(pairs)).all()


def test_learning_and_judging_share_neither_pairs_nor_scenes() -> None:
    x, facts = s03.learned(SMALL, 0)
    assert not s03.sums_to_nine(facts[:, [0, 2]]).any()
    for pairs, expected in (("seen", False), ("unseen", True)):
        y, judged = s03.judged(SMALL, 0, pairs, 5)
        assert (s03.sums_to_nine(judged[:, [0, 2]]) == expected).all()
        assert not any((x == one).all(axis=(1, 2, 3)).any() for one in y)


def test_validation_keeps_from_the_test_images() -> None:
    learn, _ = s03.images(s03.Config(validation=True), "learn")
    judge, _ = s03.images(s03.Config(validation=True), "judge")
    assert (len(learn), len(judge)) == (50_000, 10_000)
    assert np.shares_memory(judge, s03.digits().train_x)


def test_either_order_says_the_same() -> None:
    facts = np.array([[3, 0, 8], [5, 2, 5], [1, 3, 0]] * 30)
    told = s03.either_order(facts, np.random.default_rng(0))
    same = (told == facts).all(axis=1)
    turned = np.stack([facts[:, 2], opposite(facts[:, 1]), facts[:, 0]], axis=1)
    assert (same | (told == turned).all(axis=1)).all()
    assert 20 < same.sum() < 70


def test_captions_as_codes_are_the_captions() -> None:
    table = s03.captions_as_codes()
    for number, language in enumerate(LANGUAGES):
        assert s03.texts(table[number, 2, 3, 9][None, 1:], language) == [
            s03.caption(2, 3, 9, language)
        ]
    assert (table[..., -1] != s03.vocabulary().code("<pad>")).any()  # no longer than it must be


def test_what_is_understood() -> None:
    facts = np.array([[3, 0, 8], [3, 0, 8], [3, 0, 8], [3, 0, 8], [3, 0, 8]])
    said = [
        "삼이 팔의 왼쪽에 있다", "팔이 삼의 오른쪽에 있다", "팔이 삼의 왼쪽에 있다", "삼가 팔의 왼쪽에 있다",
        "삼이 구의 왼쪽에 있다",
    ]  # fmt: skip
    assert s03.understood(said, facts, "ko") == {"formed": 0.8, "digits": 0.6, "relation": 0.4}


def test_bleu_has_both_references() -> None:
    two = ("a three is left of an eight", "an eight is right of a three")
    assert s03.bleu(list(two), [two, two], "en") == pytest.approx(100)
    assert s03.bleu(
        ["삼이 팔의 왼쪽에 있다"], [("팔이 삼의 오른쪽에 있다", "삼이 팔의 왼쪽에 있다")], "ko"
    ) == pytest.approx(100)
    assert 0 < s03.bleu(["a three is left of a four"], [two], "en") < 90


def test_the_encoder_is_told_which_digits_are_there() -> None:
    wanted = s03.present(np.array([[3, 0, 8], [5, 2, 5]]))
    assert [np.flatnonzero(row).tolist() for row in wanted] == [[3, 8], [5]]


def test_controls_get_less() -> None:
    torch.manual_seed(0)
    maps = np.random.default_rng(0).random((3, 10, 6, 6), np.float32)
    blind, deaf = s03.Speaker(SMALL, "blind"), s03.Speaker(SMALL, "deaf")
    for part, other in zip(blind.look(maps), deaf.look(maps), strict=True):
        assert torch.equal(part[0], part[2])
        assert torch.equal(other[0], other[2]) == (not other.any())
    words = np.array([[2, 5, 6], [3, 7, 8]])
    assert deaf.heard(words, words[:, 0]).tolist() == [[2] * 3, [3] * 3]
    assert deaf.heard(np.array([9, 9]), np.array([2, 3])).tolist() == [2, 3]
    assert blind.heard(words, words[:, 0]).tolist() == words.tolist()


def measured(**changes: Any) -> Metrics:
    values: dict[str, Any] = {"swapped_en": [0.02] * 3, "swapped_ko": [0.02] * 3}
    for case in (*s03.CONTENDERS, *s03.CONTROLS):
        for language in LANGUAGES:
            for pairs in ("seen", "unseen"):
                right = [0.96, 0.97, 0.965] if case in s03.CONTENDERS else [0.02, 0.03, 0.025]
                values[f"exact_greedy_{language}_{pairs}_{case}"] = right
    return Metrics(values | changes)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "holds"),
        ({"exact_greedy_ko_seen_tell": [0.9, 0.91, 0.92]}, "holds partly"),
        ({"exact_greedy_ko_seen_tell": [0.90, 0.99, 1.0]}, "holds partly"),  # the mean alone is not enough
        ({f"exact_greedy_{x}_seen_tell": [0.9] * 3 for x in LANGUAGES}, "holds partly"),
        (
            {f"exact_greedy_{x}_seen_{case}": [0.9] * 3 for x in LANGUAGES for case in s03.CONTENDERS},
            "does not hold",
        ),
        ({"exact_greedy_en_seen_deaf": [0.5, 0.5, 0.6]}, "does not hold"),
        ({"swapped_ko": [0.9] * 3}, "does not hold"),
        ({f"exact_greedy_{x}_unseen_tell": [0.1] * 3 for x in LANGUAGES}, "holds"),
    ],
)  # fmt: skip
def test_criterion(changes: dict[str, Any], outcome: str) -> None:
    verdict = s03.criterion(measured(**changes))
    assert verdict.outcome == outcome
    assert "exact captions" in verdict.headline
