"""The recurrent classifier: one definition, two engines; and what padding must not change."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import data, engines
from deeplearning.models.sequence_classifier import sequence_classifier

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")
WAYS: list[dict[str, Any]] = [
    {},
    {"packed": False},
    {"read_out": "mean"},
    {"bidirectional": True},
    {"bidirectional": True, "read_out": "mean"},
    {"packed": False, "read_out": "mean"},
]


def batch(lengths: list[int], length: int, seed: int = 0, channels: int = 3) -> np.ndarray:
    generator = np.random.default_rng(seed)
    parts = [generator.normal(size=(n, channels)).astype(np.float32) for n in lengths]
    return data.with_mask(*data.pad(parts, length))


def test_parameters_and_their_names() -> None:
    model = sequence_classifier("lstm", 13, 8, 10, bidirectional=True, nn=torch.nn)
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    layer = {"weight_ih": (32, 13), "weight_hh": (32, 8), "bias_ih": (32,), "bias_hh": (32,)}
    ends = ("_l0", "_l0_reverse")
    assert shapes == {
        f"recurrent.{name}{end}": shape for end in ends for name, shape in layer.items()
    } | {"score.weight": (10, 16), "score.bias": (10,)}


@pytest.mark.parametrize("source", ["numpy", "torch"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_weights_move_and_every_gradient_agrees(
    source: str, cell: str, way: dict[str, Any]
) -> None:
    own, theirs = (
        sequence_classifier(cell, 3, 4, 3, nn=engine.nn, **way) for engine in (NUMPY, TORCH)
    )
    if source == "numpy":
        TORCH.load(theirs, NUMPY.state(own))
    else:
        NUMPY.load(own, TORCH.state(theirs))
    x, labels = batch([4, 7, 1], 8), np.array([0, 2, 1])
    outputs, gradients = [], []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        scores = model(engine.tensor(x))
        engine.nn.CrossEntropyLoss()(scores, engine.tensor(labels)).backward()
        outputs.append(engine.to_numpy(scores.detach()))
        gradients.append({n: engine.to_numpy(p.grad) for n, p in model.named_parameters()})
    assert_close(outputs[0], outputs[1], length=8 * 7)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=8 * 7 * 12, name=name)


def bare(model: Any, frames: np.ndarray, cell: str, way: dict[str, Any]) -> np.ndarray:
    """What the definition says for one sequence (T, C) from its frames alone, without batch, padding or packing."""
    layer = model.recurrent
    rows = torch.tensor(frames)
    states, last = layer(rows)
    last = (last[0] if cell == "lstm" else last).reshape(-1)
    read = states.mean(0) if way.get("read_out") == "mean" else last
    return model.score(read).detach().numpy()


@pytest.mark.parametrize("way", WAYS, ids=str)
@settings(max_examples=4, deadline=None)
@given(
    cell=st.sampled_from(["rnn", "lstm", "gru"]), lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    extra=st.integers(0, 4), seed=st.integers(0, 99),
)  # fmt: skip
def test_in_a_batch_as_alone(
    way: dict[str, Any], cell: str, lengths: list[int], extra: int, seed: int
) -> None:
    """A sequence's scores and gradients do not depend on its neighbours, nor on what the padding holds."""
    theirs = sequence_classifier(cell, 3, 4, 2, nn=TORCH.nn, **way)
    own = sequence_classifier(cell, 3, 4, 2, nn=NUMPY.nn, **way)
    NUMPY.load(own, TORCH.state(theirs))
    x = batch(lengths, max(lengths) + extra, seed)
    alone = np.stack(
        [bare(theirs, row[:3, :n].T.copy(), cell, way) for row, n in zip(x, lengths, strict=True)]
    )
    x[:, :3] += 9.0 * (1 - x[:, 3:])  # whatever stands where the mask is 0
    assert_close(own(NUMPY.tensor(x)).detach().numpy(), alone, length=8 * 6)
    assert_close(theirs(TORCH.tensor(x)).detach().numpy(), alone, length=8 * 6)


@pytest.mark.parametrize("packed", [True, False])
def test_the_answer_after_a_frame_is_that_to_the_frames_so_far(packed: bool) -> None:
    model = sequence_classifier("gru", 3, 4, 2, packed=packed, nn=NUMPY.nn)
    x = batch([5, 3], 5)
    scores = model.over_time(NUMPY.tensor(x)).numpy()
    assert scores.shape == (2, 5, 2)
    for frames in range(1, 6):
        x[:, 3] = data.mask(np.minimum([5, 3], frames), 5)
        so_far = model(NUMPY.tensor(x)).numpy()
        assert_close(scores[0, frames - 1], so_far[0], length=8 * 5)


def test_dropout_only_while_training() -> None:
    model = sequence_classifier("gru", 3, 50, 2, dropout=0.5, nn=NUMPY.nn)
    x = NUMPY.tensor(batch([5, 3], 5))
    NUMPY.manual_seed(0)
    assert not np.array_equal(model(x).numpy(), model(x).numpy())
    model.eval()
    np.testing.assert_array_equal(model(x).numpy(), model(x).numpy())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cell": "elman"}, "cell='elman'; give 'rnn', 'lstm', 'gru'"),
        ({"read_out": "first"}, "read_out='first'; give 'last' or 'mean'"),
        ({"bidirectional": True, "packed": False}, "would begin in the padding, so give packed"),
    ],
)
def test_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sequence_classifier(nn=torch.nn, **arguments)


def test_inputs_refused() -> None:
    empty = batch([4, 2], 5)
    empty[1, 3] = 0
    for engine in (NUMPY, TORCH):
        model = sequence_classifier("rnn", 3, 4, 2, nn=engine.nn)
        for shape in ((2, 3, 5), (4, 5)):
            with pytest.raises(ValueError, match=r"give \(N, 4, L\) with the mask as the last"):
                model(engine.tensor(np.ones(shape, np.float32)))
        with pytest.raises(ValueError, match=r"shape \(0, 4, 5\); give at least one sequence"):
            model(engine.tensor(np.ones((0, 4, 5), np.float32)))
        with pytest.raises(ValueError, match=r"sequence 1 has no frame; .* leave it out"):
            model(engine.tensor(empty))
        for way in ({"bidirectional": True}, {"read_out": "mean"}):
            other = sequence_classifier("rnn", 3, 4, 2, nn=engine.nn, **way)  # type: ignore[arg-type]
            with pytest.raises(ValueError, match="bidirectional=False and read_out='last'"):
                other.over_time(engine.tensor(batch([4, 2], 5)))
