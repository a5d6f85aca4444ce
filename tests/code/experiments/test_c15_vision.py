"""C15: what the augmented network is shown, the three networks, and the criterion."""

import numpy as np
import pytest
import torch

from deeplearning.data.difficulties import DIFFICULTIES
from deeplearning.experiments import Metrics
from deeplearning.experiments.c15_vision import (
    CASES,
    CHANGES,
    EXPERIMENT,
    FIVE,
    SEEN,
    Config,
    TellTheWorld,
    losses,
    network,
)


def test_the_parts_of_the_claim_are_the_difficulties_and_the_variation() -> None:
    assert len(FIVE) == 5
    assert set(CHANGES) == {*DIFFICULTIES, "variation"}
    assert set(SEEN) < set(DIFFICULTIES)


@pytest.mark.parametrize(("case", "parameters"), [("dmlp", 235_146), ("cnn", 61_706)])
def test_networks_take_images_and_have_the_published_sizes(case: str, parameters: int) -> None:
    model = network(Config(), case, torch.nn)
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_augmentation_moves_and_lights_images_and_keeps_their_range() -> None:
    rng = np.random.default_rng(0)
    images = np.zeros((60, 1, 28, 28), np.float32)
    images[:, :, 8:20, 10:18] = 0.8
    tell = TellTheWorld(3)
    first, again = (tell(images, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == images.shape
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    places = (first > 0.5).argmax(axis=3).max(axis=(1, 2))
    assert len(np.unique(places)) > 4
    # The light of a batch is its own: the darkest pixel of a lit image is not black everywhere.
    ramps = [float(np.ptp(tell(images[:1] * 0, rng))) for _ in range(50)]
    assert 0 < min(ramps) < 0.1
    assert 0.25 < max(ramps) <= DIFFICULTIES["lighting"][1][3] + 1e-6


def metrics(loss: dict[tuple[str, str], float], noise: float = 0.001) -> Metrics:
    """Accuracies over five seeds that fall by 0.2, or by what ``loss`` says of a change and a network."""
    spread = noise * np.linspace(-1, 1, 5)[:, None]
    raw: dict[str, list] = {}
    for case in CASES:
        for change in CHANGES:
            lost = loss.get((change, case), 0.2)
            levels = (
                [0, 0.1, 0.2, 0.7, lost] if change == "variation" else [0, 0, 0, lost, 0.7, 0.7]
            )
            values = 0.9 - np.array(levels) + np.zeros((5, 1))
            values[:, 0] += spread[:, 0]
            raw[f"{change}_{case}"] = values.tolist()
    return Metrics(raw)


def test_the_loss_is_that_of_level_3_or_of_the_farthest_fifth() -> None:
    made = metrics({("shift", "cnn"): 0.11, ("variation", "dmlp"): 0.12}, noise=0.0)
    np.testing.assert_allclose(losses(made, "shift", "cnn"), 0.11)
    np.testing.assert_allclose(losses(made, "variation", "dmlp"), 0.12)


def test_the_criterion_has_three_outcomes_and_heeds_every_part_and_the_spread() -> None:
    assert EXPERIMENT.judge(metrics({})).outcome == "holds"
    one = {("occlusion", "augmented"): 0.04}
    assert EXPERIMENT.judge(metrics(one)).outcome == "holds partly"
    same = one | {("deformation", "dmlp"): -0.1}  # another part of the same difficulty
    assert EXPERIMENT.judge(metrics(same | {("lighting", "cnn"): 0})).outcome == "holds partly"
    three = same | {("lighting", "cnn"): 0.0, ("shift", "augmented"): 0.049}
    assert EXPERIMENT.judge(metrics(three)).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics({}, noise=1.0)).outcome == "does not hold"


def test_the_headline_names_every_part() -> None:
    headline = EXPERIMENT.judge(metrics({})).headline
    assert all(f"{change} 20 / 20 / 20" in headline for change in CHANGES)
