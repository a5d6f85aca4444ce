"""F5: a run repeats, what it is made of, and the criterion."""

import numpy as np
import pytest
import torch

from deeplearning.experiments import Metrics
from deeplearning.experiments import f05_small_net_fashion as f05
from deeplearning.experiments.f05_small_net_fashion import EXPERIMENT, Config, run
from deeplearning.models.vgg_small import vgg_small


def test_a_run_repeats_and_seeds_differ() -> None:
    losses = [run(Config.smoke(), seed)["train_loss"] for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_the_network_of_the_record_keeps_the_limit() -> None:
    model = vgg_small(Config().channels, Config().convolutions, nn=torch.nn)
    assert sum(parameter.numel() for parameter in model.parameters()) < f05.PARAMETERS


def test_validation_holds_the_last_images_out() -> None:
    split = f05.clothes()
    (x, y), (test_x, test_y) = f05.material(split, Config(validation=True))
    assert (len(x), len(y), len(test_x)) == (50_000, 50_000, 10_000)
    np.testing.assert_array_equal(test_y, split.train_y[50_000:])
    np.testing.assert_array_equal(test_x[7, 0], split.train_x[50_007])


def test_images_are_mirrored_and_moved() -> None:
    image = np.zeros((200, 1, 9, 9), np.float32)
    image[:, 0, 4, 3:5] = 1, 2  # the 1 lies on the left
    changed = f05.mirrored_and_moved(2)(image, np.random.default_rng(0))
    assert changed.shape == image.shape
    ones, twos = (np.argwhere(changed[:, 0] == value)[:, 1:] for value in (1, 2))
    assert len(ones) == len(twos) == 200
    mirrored = ones[:, 1] > twos[:, 1]
    assert 0.4 < mirrored.mean() < 0.6
    assert set(ones[~mirrored][:, 0]) == {2, 3, 4, 5, 6}
    assert set(ones[~mirrored][:, 1]) == {1, 2, 3, 4, 5}


def judged(
    accuracies: list[float], parameters: float = 97_000, seconds: tuple[float, ...] = (900,) * 3
) -> str:
    metrics = {
        "test_accuracy": np.array(accuracies),
        "parameters": np.full(3, parameters),
        "training_seconds": np.array(seconds),
    }
    return EXPERIMENT.judge(Metrics(metrics)).outcome


def test_the_criterion_has_three_outcomes() -> None:
    assert judged([0.930, 0.931, 0.929]) == "holds"
    assert judged([0.925] * 3) == "holds"  # "at least" includes the bar itself
    assert judged([0.923, 0.931, 0.924]) == "holds partly"
    assert judged([0.924, 0.9245, 0.924]) == "does not hold"


@pytest.mark.parametrize(
    ("limits", "outcome"),
    [
        ({"parameters": 99_999}, "holds"),
        ({"parameters": 100_000}, "does not hold"),
        ({"seconds": (100, 3_600, 100)}, "holds"),
        ({"seconds": (100, 3_601, 100)}, "does not hold"),
    ],
)
def test_the_limits_are_checked(limits: dict, outcome: str) -> None:
    assert judged([0.93] * 3, **limits) == outcome


def test_the_headline_names_all_three() -> None:
    metrics = {
        "test_accuracy": np.full(3, 0.93),
        "parameters": np.full(3, 97_482),
        "training_seconds": np.array([600, 900, 700]),
    }
    headline = EXPERIMENT.judge(Metrics(metrics)).headline
    assert all(text in headline for text in ("93.00%", "97,482 parameters", "15 minutes", "92.5%"))
