"""A network without a size: both engines, any picture, and what its last pooling makes of a margin."""

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.any_size import any_size_cnn

OURS, THEIRS = engines.get("numpy"), engines.get("torch")


@pytest.mark.parametrize(("summary", "normalise"), [("avg", True), ("max", False)])
def test_both_engines_agree_at_every_size_and_in_every_gradient(
    summary: str, normalise: bool
) -> None:
    OURS.manual_seed(0)
    own, other = (
        any_size_cnn(summary, (2, 3), normalise, nn=engine.nn) for engine in (OURS, THEIRS)
    )
    THEIRS.load(other, OURS.state(own))
    for size in ((6, 6), (9, 14)):
        x = np.random.default_rng(1).normal(size=(4, 1, *size)).astype(np.float32)
        weight = np.random.default_rng(2).normal(size=(4, 10)).astype(np.float32)
        results = []
        for network, engine in ((own, OURS), (other, THEIRS)):
            network.zero_grad()
            scores = network(engine.tensor(x))
            (scores * engine.tensor(weight)).sum().backward()
            gradients = [
                engine.to_numpy(p.grad) if engine is THEIRS else p.grad.data
                for p in network.parameters()
            ]
            results.append([engine.to_numpy(scores), *gradients])
        for mine, theirs in zip(*results, strict=True):
            assert_close(mine, theirs, length=4 * size[0] * size[1])


def test_a_margin_thins_the_mean_and_leaves_the_maximum() -> None:
    torch.manual_seed(0)
    picture = torch.rand(1, 1, 8, 8)
    for summary in ("avg", "max"):
        network = any_size_cnn(summary, (4,), nn=torch.nn).eval()
        maps, last = network[:2], network[:3]
        outside = maps(torch.zeros(1, 1, 5, 5))[0, :, 2, 2]  # what a map says of nothing
        before, after = (
            last(torch.nn.functional.pad(picture, [m] * 4))[0, :, 0, 0] for m in (1, 5)
        )
        if summary == "max":
            assert torch.equal(before, after)
        else:
            expected = (100 * before + (18**2 - 100) * outside) / 18**2
            assert_close(after.detach().numpy(), expected.detach().numpy(), length=18**2)


def test_another_summary_is_refused() -> None:
    with pytest.raises(ValueError, match="summary='sum'; give one of avg, max"):
        any_size_cnn("sum")
