"""Fully convolutional segmentation: sizes, both engines, what every pixel costs; and one trunk with many heads."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.models.fcn import encoder, fcn, pixel_loss, pixel_targets, segmentation_head
from deeplearning.models.many_tasks import many_tasks

OURS, THEIRS = engines.get("numpy"), engines.get("torch")
WIDTHS = (2, 3, 4, 5)


@settings(max_examples=6, deadline=None)
@given(st.integers(8, 37), st.integers(8, 37), st.integers(0, 3))
def test_every_size_gets_a_score_for_every_pixel(height: int, width: int, skips: int) -> None:
    network = fcn(3, WIDTHS, skips, nn=torch.nn).eval()
    assert network(torch.zeros(1, 1, height, width)).shape == (1, 3, height, width)
    for level, maps in enumerate(network.encoder(torch.zeros(2, 1, height, width))):
        assert maps.shape == (2, WIDTHS[level], height >> level, width >> level)


def as_numpy(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.detach().numpy() if isinstance(tensor, torch.Tensor) else tensor.data)


@pytest.mark.parametrize("back", [False, True], ids=["to torch", "to numpy"])
def test_both_engines_agree_in_values_and_gradients(back: bool) -> None:
    own, other = (fcn(3, WIDTHS, nn=space) for space in (nn, torch.nn))
    if back:
        OURS.load(own, THEIRS.state(other))
    else:
        THEIRS.load(other, OURS.state(own))
    own.double()
    other.double()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 1, 19, 16))
    targets = pixel_targets(rng.integers(0, 3, (2, 19, 16)), 3).astype(np.float64)
    results = []
    for network, engine in ((own, OURS), (other, THEIRS)):
        scores = network(engine.tensor(x))
        loss = pixel_loss(scores, engine.tensor(targets), engine.nn)
        loss.backward()
        grads = {name: p.grad for name, p in network.named_parameters()}
        results.append({"scores": scores, "loss": loss} | grads)
    assert list(results[0]) == list(results[1])
    for name, value in results[0].items():
        # float64 throughout; the products of seven layers are added up on the way.
        assert_close(as_numpy(value), as_numpy(results[1][name]), length=10_000, name=name)
    for engine, network in ((OURS, own), (THEIRS, other)):
        network.eval()
        results.append(as_numpy(network(engine.tensor(x))))
    assert_close(results[2], results[3], length=10_000)


def test_the_loss_is_pytorchs_cross_entropy_of_maps() -> None:
    rng = np.random.default_rng(1)
    scores, masks = rng.normal(size=(2, 4, 5, 3)), rng.integers(0, 4, (2, 5, 3))
    expected = torch.nn.functional.cross_entropy(torch.tensor(scores), torch.tensor(masks)).item()
    targets = pixel_targets(masks, 4).astype(np.float64)
    for engine in (OURS, THEIRS):
        loss = pixel_loss(engine.tensor(scores), engine.tensor(targets), engine.nn)
        assert_close(loss.item(), expected, length=60)


def test_a_skip_adds_the_scores_of_a_finer_level() -> None:
    head = segmentation_head(2, WIDTHS, 1, nn=torch.nn)
    maps = [torch.zeros(1, width, 16 >> level, 16 >> level) for level, width in enumerate(WIDTHS)]
    with torch.no_grad():
        for number, score in enumerate(head.scores):
            score.weight.zero_()
            score.bias.fill_(10**number)
        assert (head(maps, (16, 16)) == 11).all()
        head.scores[0].weight[0, :, 0, 0] = 1
        maps[2][0, 0, 1, 2] = 1  # its place at the finer of the two levels: 4 pixels a side
        scores = head(maps, (16, 16))
    change = scores[0, 0] - 11
    assert change.argmax().item() in [y * 16 + x for y in (5, 6) for x in (9, 10)]
    assert (scores[0, 1] == 11).all()


def test_many_tasks_are_the_heads_on_one_trunk_and_agree_between_engines() -> None:
    own, other = (many_tasks(3, WIDTHS, nn=space) for space in (nn, torch.nn))
    OURS.load(own, THEIRS.state(other))
    own.double()
    other.double()
    x = np.random.default_rng(2).normal(size=(2, 1, 20, 17))
    results = []
    for engine, network in ((OURS, own), (THEIRS, other)):
        outputs = network(engine.tensor(x))
        sum((part**2).mean() for part in outputs).backward()
        grads = [p.grad for p in network.parameters()]
        network.eval()
        features = network.describe(engine.tensor(x))
        scores = network.classify(features)
        assert_close(as_numpy(scores), as_numpy(network(engine.tensor(x))[0]))
        results.append([as_numpy(part) for part in (*outputs, features, *grads)])
    assert [part.shape for part in results[0][:4]] == [
        (2, 3),
        (2, 4, 20, 17),
        (2, 7, 5, 4),
        (2, 5),
    ]
    for mine, theirs in zip(*results, strict=True):
        assert_close(mine, theirs, length=10_000)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: encoder((4,)), r"widths=\(4,\); give the feature maps of two levels or more"),
        (lambda: fcn(3, WIDTHS, 4), "skips=4 with 4 levels; give 0 to 3"),
        (lambda: pixel_targets(np.zeros((2, 2), int), 3), r"masks \(2, 2\) of int64; give"),
        (lambda: pixel_targets(np.zeros((1, 2, 2)), 3), "of float64"),
        (lambda: pixel_targets(np.full((1, 2, 2), 3), 3), "classes from 3 to 3; give 0 to 2"),
    ],
)
def test_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
