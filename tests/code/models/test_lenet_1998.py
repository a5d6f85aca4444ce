"""LeNet-5 of 1998: the published counts, every part against plain NumPy, and both engines alike."""

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines
from deeplearning.models import lenet_1998
from deeplearning.models.lenet_1998 import CONNECTIONS, as_published, codes, lenet5_1998

BOTH = [engines.get(name) for name in ("numpy", "torch")]


def test_published_counts() -> None:
    network = lenet5_1998(nn=torch.nn)
    counts = {
        name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()
    }
    assert counts == {
        "squash": 0, "c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48_120, "f6": 10_164, "output": 0,
    }  # fmt: skip
    assert sum(counts.values()) == 60_000


def test_the_table_is_the_papers() -> None:
    """Its rationale, in the paper's words: contiguous threes, contiguous fours, some discontinuous fours, all six."""
    runs = [{(start + k) % 6 for k in range(n)} for n in (3, 4) for start in range(6)]
    assert [set(reads) for reads in CONNECTIONS[:12]] == runs
    assert [len(reads) for reads in CONNECTIONS[12:]] == [4, 4, 4, 6]
    assert all(set(reads) not in runs for reads in CONNECTIONS[12:15])
    # Every map of S2 is read by ten of C3.
    assert np.bincount(np.concatenate(CONNECTIONS)).tolist() == [10] * 6


@pytest.mark.parametrize("engine", BOTH, ids=lambda e: e.name)
def test_the_connected_convolution_is_one_convolution_a_map(engine: engines.Engine) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 6, 7, 6)).astype(np.float32)
    layer = lenet_1998.connected_convolution(engine.nn)(6, CONNECTIONS, 3)
    state = engine.state(layer)
    state["weight"] = rng.standard_normal((60, 9)).astype(np.float32)
    state["bias"] = rng.standard_normal(16).astype(np.float32)
    engine.load(layer, state)
    y = engine.to_numpy(layer(engine.tensor(x)))
    first = 0
    for number, reads in enumerate(CONNECTIONS):
        kernel = state["weight"][first : first + len(reads)].reshape(1, len(reads), 3, 3)
        first += len(reads)
        expected = torch.nn.functional.conv2d(
            torch.tensor(x[:, list(reads)]),
            torch.tensor(kernel),
            torch.tensor(state["bias"][[number]]),
        )
        assert_close(y[:, [number]], expected.numpy(), length=9 * len(reads))


@pytest.mark.parametrize("engine", BOTH, ids=lambda e: e.name)
def test_subsampling_by_hand(engine: engines.Engine) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 3, 4, 6)).astype(np.float32)
    layer = lenet_1998.subsampling(engine.nn)(3)
    weight, bias = rng.standard_normal((2, 3, 1, 1)).astype(np.float32)
    engine.load(layer, {"weight": weight, "bias": bias})
    total = x.reshape(2, 3, 2, 2, 3, 2).sum(axis=(3, 5))
    expected = 1.7159 * np.tanh(2 / 3 * (weight * total + bias))
    assert_close(engine.to_numpy(layer(engine.tensor(x))), expected, length=4)


def test_codes_are_plus_and_minus_one_and_far_apart() -> None:
    matrix = codes(84)
    assert set(np.unique(matrix)) == {-1.0, 1.0}
    np.testing.assert_array_equal(matrix @ matrix.T, 84 * np.eye(84))


@pytest.mark.parametrize("engine", BOTH, ids=lambda e: e.name)
def test_rbf_units_measure_distances(engine: engines.Engine) -> None:
    x = np.random.default_rng(2).standard_normal((5, 84)).astype(np.float32)
    layer = lenet_1998.euclidean_rbf(engine.nn)(codes())
    expected = -((x[:, None] - codes()) ** 2).sum(axis=2)
    assert_close(engine.to_numpy(layer(engine.tensor(x))), expected, length=84)


@pytest.mark.parametrize("engine", BOTH, ids=lambda e: e.name)
def test_the_criterion_is_equation_9(engine: engines.Engine) -> None:
    distances = np.random.default_rng(3).uniform(0, 40, (6, 10)).astype(np.float32)
    labels = np.arange(6)
    loss = lenet_1998.map_criterion(5.0, engine.nn)
    got = loss(engine.tensor(-distances), engine.tensor(labels)).item()
    exact = distances.astype(np.float64)
    competition = np.log(np.exp(-5.0) + np.exp(-exact).sum(axis=1))
    expected = (exact[np.arange(6), labels] + competition).mean()
    assert_close(np.float32(got), np.float64(expected), length=10)


@pytest.mark.parametrize("output", ["rbf", "linear"])
def test_both_engines_have_the_same_gradients(output: str) -> None:
    """The same weights, of a size that matters, and the same batch: the same scores and gradients."""
    rng = np.random.default_rng(4)
    x = as_published(rng.random((4, 28, 28)).astype(np.float32))
    labels = np.array([3, 1, 4, 1])
    state: dict[str, np.ndarray] = {}
    results = []
    for engine in BOTH:
        network = lenet5_1998(output, nn=engine.nn)
        if not state:
            state = {
                name: values if name.endswith(("place", "codes"))
                else rng.normal(0, 1 / max(4, values[0].size) ** 0.5, values.shape).astype(np.float32)
                for name, values in engine.state(network).items()
            }  # fmt: skip
        engine.load(network, state)
        scores = network(engine.tensor(x))
        engine.nn.CrossEntropyLoss()(scores, engine.tensor(labels)).backward()
        gradients = {
            name: engine.to_numpy(parameter.grad) for name, parameter in network.named_parameters()
        }
        results.append((engine.to_numpy(scores), gradients))
        assert list(engine.state(network)) == list(state)
    assert np.ptp(results[0][0]) > 0.1
    assert_close(results[0][0], results[1][0], length=400)
    for name, gradient in results[0][1].items():
        assert np.abs(gradient).max() > 0, name
        assert_close(gradient, results[1][1][name], length=10_000, name=name)
    assert {name.split(".")[0] for name in results[0][1]} >= {"c1", "s2", "c3", "s4", "c5", "f6"}
    assert not {"c3.place", "output.codes"} & set(results[0][1])


def test_images_as_published() -> None:
    image = np.zeros((1, 1, 28, 28), np.float32)
    image[0, 0, 0, 0] = 1
    ready = as_published(image)
    assert ready.shape == (1, 1, 32, 32)
    assert ready.dtype == np.float32
    assert np.isclose(ready[0, 0, 2, 2], 1.175)
    assert np.isclose(np.delete(ready.ravel(), 2 * 32 + 2), -0.1).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lenet5_1998("softmax"), "output='softmax'; give one of rbf, linear"),
        (lambda: codes(85), "85 classes; give 1 to 84"),
        (
            lambda: as_published(np.zeros((1, 32, 32))),
            r"\(1, 32, 32\) and float64; give \(N, 28, 28\)",
        ),
        (
            lambda: as_published(np.zeros((1, 28, 28), np.uint8)),
            r"uint8; give \(N, 28, 28\) floats",
        ),
        (lambda: as_published(np.zeros((2, 3, 28, 28))), r"\(2, 3, 28, 28\) and float64"),
        (lambda: lenet_1998.map_criterion(0.0), "rubbish=0.0; give a positive distance"),
    ],
)
def test_refused(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        call()


def test_an_engine_that_lacks_layers() -> None:
    from types import SimpleNamespace

    with pytest.raises(ValueError, match="abacus has no Conv2d and no AvgPool2d and no Linear"):
        lenet5_1998(nn=SimpleNamespace(__name__="abacus"))
