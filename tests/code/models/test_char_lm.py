"""The character model on both engines: weights, values, gradients, surprise, and what it writes."""

from typing import Any

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.char_lm import char_lm, draw, surprise, write

CODES = np.random.default_rng(0).integers(0, 7, 41)
ENGINES = [engines.get("numpy"), engines.get("torch")]


def twins(**settings: Any) -> list[Any]:
    """One network on each engine, with the same weights, carried there and back."""
    first, second = (char_lm(7, 5, 6, nn=engine.nn, **settings) for engine in ENGINES)
    ENGINES[0].load(first, ENGINES[1].state(second))
    ENGINES[1].load(second, ENGINES[0].state(first))
    return [first, second]


@pytest.mark.parametrize("layers", [1, 2])
def test_engines_agree_in_value_state_and_gradient(layers: int) -> None:
    gradients, values = [], []
    for engine, model in zip(ENGINES, twins(layers=layers), strict=True):
        _, state = model(engine.tensor(CODES[:20].reshape(2, 10)))
        scores, state = model(engine.tensor(CODES[20:40].reshape(2, 10)), state)
        labels = engine.tensor(CODES[21:41])
        engine.nn.functional.cross_entropy(scores.reshape(20, 7), labels).backward()
        values.append([engine.to_numpy(part) for part in (scores, *state)])
        named = model.named_parameters()
        gradients.append({name: engine.to_numpy(p.grad) for name, p in named})
    for ours, theirs in zip(*values, strict=True):
        assert_close(ours, theirs, length=80)
    assert gradients[0].keys() == gradients[1].keys()
    for name in gradients[0]:
        assert_close(gradients[0][name], gradients[1][name], length=400, name=name)


def test_dropout_acts_in_training_only() -> None:
    for engine, model in zip(ENGINES, twins(dropout=0.5), strict=True):
        x = engine.tensor(CODES[None])
        first, second = (engine.to_numpy(model.train()(x)[0]) for _ in range(2))
        assert (first != second).any()
        first, second = (engine.to_numpy(model.eval()(x)[0]) for _ in range(2))
        np.testing.assert_array_equal(first, second)


def test_surprise_is_that_of_the_softmax_and_does_not_depend_on_windows() -> None:
    for engine, model in zip(ENGINES, twins(), strict=True):
        scores = engine.to_numpy(model.eval()(engine.tensor(CODES[None, :-1]))[0])[0]
        p = torch.tensor(scores.astype(np.float64)).softmax(-1).numpy()
        expected = -np.log2(p[np.arange(40), CODES[1:]])
        for length in (7, 40, 100):
            assert_close(surprise(model, CODES, engine, length=length), expected, dtype=np.float32)
        two = surprise(model, CODES, engine, count=2, length=9)
        assert two.shape == (40,)
        assert_close(two[:20], expected[:20], dtype=np.float32)
        assert (two[20:24] != expected[20:24]).all()  # the second stream begins from nothing


def test_both_engines_write_the_same_text_from_the_same_seed() -> None:
    (a, b), beginning = twins(), CODES[:3]
    texts = [write(a, beginning, 30, ENGINES[0], 0.8, seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(texts[0], texts[1])
    np.testing.assert_array_equal(texts[0], write(b, beginning, 30, ENGINES[1], 0.8, 1))
    assert (texts[0] != texts[2]).any()


def test_cold_takes_the_likeliest_and_hot_is_even() -> None:
    model, engine = twins()[0], ENGINES[0]
    text = CODES[:3]
    for code in write(model, text, 5, engine, temperature=0):
        scores = engine.to_numpy(model(engine.tensor(text[None]))[0])[0, -1]
        assert code == scores.argmax()
        text = np.append(text, code)
    hot = write(model, CODES[:3], 700, engine, temperature=1e6)
    assert np.bincount(hot, minlength=7).min() > 60


def test_draws_by_the_softmax() -> None:
    generator, scores = np.random.default_rng(0), np.log([0.2, 0.5, 0.3])
    drawn = np.bincount([draw(scores, generator) for _ in range(2000)], minlength=3) / 2000
    assert drawn == pytest.approx([0.2, 0.5, 0.3], abs=4 * np.sqrt(0.25 / 2000))


def test_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="hidden=0"):
        char_lm(7, hidden=0)
    with pytest.raises(ValueError, match="beginning of 0 codes"):
        write(char_lm(7, hidden=2), CODES[:0], 1, ENGINES[0])
    with pytest.raises(ValueError, match="temperature=-1"):
        write(char_lm(7, hidden=2), CODES, 1, ENGINES[0], temperature=-1)
