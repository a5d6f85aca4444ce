"""LeNet with a choice of pooling: shapes, parameters, and one definition on two engines."""

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.pooled_lenet import POOLINGS, pooled_lenet, pooling_layers


@pytest.mark.parametrize("pooling", POOLINGS)
def test_both_engines_compute_the_same(pooling: str) -> None:
    own, other = engines.get("numpy"), engines.get("torch")
    a, b = pooled_lenet(pooling, nn=own.nn), pooled_lenet(pooling, nn=other.nn)
    own.load(a, other.state(b))
    x = np.random.default_rng(0).random((2, 1, 28, 28), np.float32)
    scores = a(own.tensor(x))
    assert scores.shape == (2, 10)
    assert_close(scores.data, other.to_numpy(b(other.tensor(x))), length=16 * 24 * 24)


@pytest.mark.parametrize("pooling", POOLINGS[1:])
def test_every_way_to_halve_the_maps_leaves_as_much_to_learn(pooling: str) -> None:
    network = pooled_lenet(pooling, nn=torch.nn)
    assert sum(p.numel() for p in network.parameters() if p.requires_grad) == 61_706


@pytest.mark.parametrize(("pooling", "count"), [("none", 0), ("strided", 0), ("max_binomial", 2)])
def test_layers_of_a_pooling(pooling: str, count: int) -> None:
    assert len(pooling_layers(pooling, 6, torch.nn)) == count


def test_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="pooling='median'; give one of none, max, average"):
        pooled_lenet("median")
