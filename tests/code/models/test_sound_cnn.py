"""The network over time: one definition, two engines; and what padding must not change."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import data, engines
from deeplearning.models.sound_cnn import sound_cnn

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")


def sounds(lengths: list[int], length: int, seed: int = 0, coefficients: int = 13) -> np.ndarray:
    generator = np.random.default_rng(seed)
    parts = [generator.normal(size=(n, coefficients)).astype(np.float32) for n in lengths]
    return data.with_mask(*data.pad(parts, length))


def test_parameters_and_their_names() -> None:
    shapes = {name: tuple(p.shape) for name, p in sound_cnn(nn=torch.nn).named_parameters()}
    assert shapes == {
        "conv1.weight": (32, 13, 5),
        "conv1.bias": (32,),
        "conv2.weight": (64, 32, 5),
        "conv2.bias": (64,),
        "score.weight": (10, 64),
        "score.bias": (10,),
    }


@pytest.mark.parametrize("source", ["numpy", "torch"])
def test_weights_move_and_every_gradient_agrees(source: str) -> None:
    own = sound_cnn(5, (4, 6), 3, 3, nn=NUMPY.nn)
    theirs = sound_cnn(5, (4, 6), 3, 3, nn=TORCH.nn)
    if source == "numpy":
        TORCH.load(theirs, NUMPY.state(own))
    else:
        NUMPY.load(own, TORCH.state(theirs))
    x, labels = sounds([7, 12, 1], 12, coefficients=5), np.array([0, 2, 1])
    outputs, gradients = [], []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        scores = model(engine.tensor(x))
        engine.nn.CrossEntropyLoss()(scores, engine.tensor(labels)).backward()
        outputs.append(engine.to_numpy(scores.detach()))
        gradients.append({n: engine.to_numpy(p.grad) for n, p in model.named_parameters()})
    assert_close(outputs[0], outputs[1], length=60)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=60 * 36, name=name)


def by_hand(model: Any, frames: np.ndarray) -> np.ndarray:
    """What the definition says for one sound (T, C), from its frames alone, in float64 loops over time."""
    weights = {name: value.astype(np.float64) for name, value in TORCH.state(model).items()}

    def convolved(h: np.ndarray, name: str) -> np.ndarray:
        kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        side = kernel.shape[2] // 2
        around = np.pad(h, ((side, side), (0, 0)))
        windows = [around[t : t + kernel.shape[2]] for t in range(len(h))]
        return np.maximum([np.einsum("kc,ock->o", w, kernel) + bias for w in windows], 0)

    h = convolved(frames.astype(np.float64), "conv1")
    h = np.stack([h[t : t + 2].max(axis=0) for t in range(0, len(h), 2)])
    h = convolved(h, "conv2")
    return weights["score.weight"] @ h.mean(axis=0) + weights["score.bias"]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 11), st.integers(0, 6), st.integers(0, 99))
def test_the_answer_is_that_of_the_bare_frames(frames: int, extra: int, seed: int) -> None:
    """However far a sound is padded, its scores are those that the definition gives for its frames alone."""
    TORCH.manual_seed(seed)
    model = sound_cnn(4, (3, 5), 3, 3, nn=TORCH.nn)
    length = frames + frames % 2 + 2 * extra
    x = sounds([frames, length], length, seed, coefficients=4)
    with torch.no_grad():
        scores = model(torch.from_numpy(x)).numpy()
    assert_close(scores[0], by_hand(model, x[0, :4, :frames].T), length=60, dtype=np.float32)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kernel_size": 4}, "kernel_size=4; give an odd number"),
        ({"widths": (3,)}, r"widths=\(3,\); give two"),
        (
            {"nn": SimpleNamespace(__name__="abacus.nn", Linear=0)},
            "abacus.nn has no Conv1d and no MaxPool1d; give the nn of another engine",
        ),
    ],
)
def test_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sound_cnn(**{"nn": torch.nn} | arguments)


@pytest.mark.parametrize("shape", [(2, 13, 30), (2, 15, 30), (2, 14, 29), (14, 30)])
def test_inputs_without_a_mask_or_of_odd_length(shape: tuple[int, ...]) -> None:
    for engine in (NUMPY, TORCH):
        with pytest.raises(
            ValueError, match=r"give \(N, 14, T\) with T even and the mask as the last"
        ):
            sound_cnn(nn=engine.nn)(engine.tensor(np.ones(shape, np.float32)))
