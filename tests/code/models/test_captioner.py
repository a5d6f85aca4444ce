"""The captioners: one definition, two engines; and that they read the picture and their own words."""

from typing import Any

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.captioner import (
    attentive_captioner,
    caption_loss,
    captioner,
    digit_maps,
    moments,
    with_coordinates,
)

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")
MAKERS = (captioner, attentive_captioner)
VOCABULARY, KINDS, PLACES, HIDDEN = 7, 3, 4, 5


def small(make: Any, engine: Any) -> Any:
    if make is captioner:
        return captioner(VOCABULARY, 5 * KINDS, HIDDEN, nn=engine.nn)
    return attentive_captioner(VOCABULARY, KINDS + 2, PLACES, HIDDEN, nn=engine.nn)


def batch(make: Any, flipped: bool = False) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    maps = generator.random((3, KINDS, 2, 2), np.float32)[..., :: -1 if flipped else 1]
    known = moments(maps) if make is captioner else with_coordinates(maps)
    return known, generator.integers(1, VOCABULARY, (3, 5))


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("source", ["numpy", "torch"])
def test_weights_move_and_every_gradient_agrees(make: Any, source: str) -> None:
    own, theirs = small(make, NUMPY), small(make, TORCH)
    if source == "numpy":
        TORCH.load(theirs, NUMPY.state(own))
    else:
        NUMPY.load(own, TORCH.state(theirs))
    pictures, words = batch(make)
    real = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]], np.float32)
    outputs, losses, gradients = [], [], []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        scores = model(engine.tensor(pictures), engine.tensor(words[:, :-1]))
        loss = caption_loss(scores, engine.tensor(words[:, 1:]), engine.tensor(real), engine.nn)
        loss.backward()
        outputs.append([engine.to_numpy(step.detach()) for step in scores])
        losses.append(loss.item())
        gradients.append({n: engine.to_numpy(p.grad) for n, p in model.named_parameters()})
    for one, other in zip(*outputs, strict=True):
        assert_close(one, other, length=200)
    assert_close(np.float32(losses[0]), np.float32(losses[1]), length=200)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=2000, name=name)


@pytest.mark.parametrize("make", MAKERS)
def test_reading_a_row_of_words_is_taking_them_step_by_step(make: Any) -> None:
    TORCH.manual_seed(1)
    model = small(make, TORCH).eval()
    pictures, words = map(torch.from_numpy, batch(make))
    with torch.no_grad():
        together = model(pictures, words)
        state = model.look(pictures)
        for t in range(words.shape[1]):
            scores, state = model.step(state, words[:, t])
            assert_close(scores.numpy(), together[t].numpy(), length=200)


@pytest.mark.parametrize("make", MAKERS)
def test_scores_depend_on_the_picture_and_on_earlier_words_only(make: Any) -> None:
    TORCH.manual_seed(2)
    model = small(make, TORCH).eval()
    pictures, words = map(torch.from_numpy, batch(make))
    with torch.no_grad():
        before = torch.stack(model(pictures, words), 1)
        other = words.clone()
        other[:, 3] = (words[:, 3] + 1) % VOCABULARY
        after = torch.stack(model(pictures, other), 1)
        flipped = torch.stack(model(torch.from_numpy(batch(make, flipped=True)[0]), words), 1)
    assert torch.equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).any(dim=2).all()
    assert (before != flipped).any(dim=2).all()


def test_the_encoder_is_the_same_on_both_engines() -> None:
    own, theirs = digit_maps(3, (2, 3, 4), nn=NUMPY.nn), digit_maps(3, (2, 3, 4), nn=TORCH.nn)
    TORCH.load(theirs, NUMPY.state(own))
    images = np.random.default_rng(3).random((2, 1, 16, 24), np.float32)
    outputs, gradients = [], []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        maps = model(engine.tensor(images))
        (maps * maps).sum().backward()
        outputs.append(engine.to_numpy(maps.detach()))
        gradients.append({n: engine.to_numpy(p.grad) for n, p in model.named_parameters()})
    assert outputs[0].shape == (2, 3, 2, 3)
    assert 0 < outputs[0].min() < outputs[0].max() < 1
    assert_close(outputs[0], outputs[1], length=200)
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=2000, name=name)


def test_attention_weights_are_shares_of_the_places() -> None:
    model = small(attentive_captioner, TORCH).eval()
    pictures, words = map(torch.from_numpy, batch(attentive_captioner))
    with torch.no_grad():
        _, _, weights = model.attend(model.look(pictures), words[:, 0])
    assert weights.shape == (3, PLACES)
    assert_close(weights.sum(1).numpy(), np.ones(3, np.float32), length=PLACES)


def test_the_loss_leaves_padding_out() -> None:
    generator = np.random.default_rng(4)
    scores, targets = generator.normal(size=(2, 3, 4)), np.array([[1, 2, 0], [3, 0, 0]])
    real = np.array([[1.0, 1, 1], [1, 0, 0]])
    logs = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    expected = -(logs[0, 0, 1] + logs[0, 1, 2] + logs[0, 2, 0] + logs[1, 0, 3]) / 4
    steps = [NUMPY.tensor(scores[:, t]) for t in range(3)]
    loss = caption_loss(steps, NUMPY.tensor(targets), NUMPY.tensor(real), NUMPY.nn)
    assert_close(np.float64(loss.item()), expected, length=16)


def test_moments_say_how_much_and_where() -> None:
    maps = np.zeros((1, 2, 5, 5), np.float32)
    maps[0, 0, 0, 4] = 0.5  # the upper right corner
    maps[0, 1, 2, [0, 4]] = 1  # the middles of both sides
    assert moments(maps).tolist() == [[0.5, 0.5, -0.5, 0.5, 0.5, 2, 0, 0, 2, 0]]


def test_coordinates_are_the_same_for_all() -> None:
    there = with_coordinates(np.ones((2, 3, 4, 6), np.float32))
    assert there.shape == (2, 5, 4, 6)
    assert (there[:, :3] == 1).all()
    assert there[1, 3, :, 0].tolist() == [-1] * 4
    assert there[1, 4, :, 0].tolist() == np.linspace(-1, 1, 4, dtype=np.float32).tolist()
