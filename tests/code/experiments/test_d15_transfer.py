"""D15: source and target classes are apart, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d15_transfer import (
    EXPERIMENT,
    Config,
    clothes,
    draw,
    lead,
    pick,
    run,
)


def test_pick_takes_equally_many_of_each_class_in_turn() -> None:
    y = np.array([3, 1, 1, 3, 2, 1, 3])
    x, labels = pick(np.arange(7), y, np.array([3, 1]), 2)
    assert x.tolist() == [0, 1, 3, 2]
    assert labels.tolist() == [0, 1, 0, 1]


def test_a_prefix_of_the_labelled_images_is_balanced() -> None:
    few = draw(Config.smoke(), 0)[1]
    assert np.bincount(few[1][:25]).tolist() == [5] * 5


def test_source_and_target_share_no_class() -> None:
    source, few, judged = draw(Config(source_images=30, labels=(20,), test_images=20), 2)
    everything = clothes()
    known = {
        row.tobytes(): label
        for x, y in ((everything.train_x, everything.train_y), (everything.test_x, everything.test_y))
        for row, label in zip(x, y, strict=True)
    }  # fmt: skip
    classes = [{int(known[row.tobytes()]) for row in part[0]} for part in (source, few, judged)]
    assert len(classes[0]) == len(classes[1]) == 5
    assert not classes[0] & classes[1]
    assert classes[1] == classes[2]


def test_the_judged_layer_is_the_one_of_the_setting() -> None:
    result = run(Config.smoke(), 0)
    assert result["accuracy_transfer"] == result["accuracy_layer_2"]
    assert len(result["accuracy_scratch"]) == len(result["labels"])  # type: ignore[arg-type]


def metrics(over_pixels: float, over_scratch: float, noise: float = 0.002) -> Metrics:
    jitter = noise * np.linspace(-1, 1, 8)[:, None] * np.ones(4)
    return Metrics(
        {
            "accuracy_transfer": 0.8 + jitter,
            "accuracy_pixels": np.full((8, 4), 0.8 - over_pixels),
            "accuracy_scratch": np.full((8, 4), 0.8 - over_scratch),
            "labels": [[5, 10, 20, 50]] * 8,
        }
    )


def test_the_criterion_has_three_outcomes_and_heeds_the_spread() -> None:
    assert EXPERIMENT.judge(metrics(0.04, 0.04)).outcome == "holds"
    assert EXPERIMENT.judge(metrics(0.01, 0.04)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(0.01, 0.01)).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics(0.04, 0.04, noise=0.1)).outcome == "does not hold"
    assert lead(metrics(0.04, 0.01), "pixels", 0)[0] == pytest.approx(0.04)
