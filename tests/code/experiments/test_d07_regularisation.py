"""D7: what the contenders are, that nothing is chosen on test images, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d07_regularisation import (
    CASES,
    EXPERIMENT,
    JUDGED,
    Config,
    parts,
    run,
    strengths,
    train,
)

SMALL = Config.smoke()


def test_the_three_parts_of_a_seed_share_no_image() -> None:
    config = Config(images=200, validation=200, test=200)
    rows = [{image.tobytes() for image in x} for x, _ in parts(config, 0)]
    assert not rows[0] & rows[1]
    assert not rows[0] & rows[2]
    assert not rows[1] & rows[2]
    assert not np.array_equal(parts(config, 0)[0][0], parts(config, 1)[0][0])


@pytest.mark.parametrize("case", CASES)
def test_contenders_differ_in_one_thing(case: str) -> None:
    names = [type(module).__name__ for module in train(SMALL, 0, case, strengths(SMALL, case)[-1])]
    extra = {"dropout": ["Dropout"], "batch": ["BatchNorm1d"], "layer": ["LayerNorm"]}
    assert sorted(names) == sorted(["Linear", "ReLU", "Linear", *extra.get(case, [])])


def test_strengths_change_what_they_should() -> None:
    def norm(case: str, strength: float) -> float:
        config = Config(hidden=(8,), images=100, epochs=5, rate=0.05)
        return float(sum((p.data**2).sum() for p in train(config, 0, case, strength).parameters()))

    assert norm("decay", 0.1) < norm("decay", 0.001)
    assert norm("early", 1) != norm("early", 5)
    assert norm("augment", 0) != norm("augment", 2)


def test_the_strength_is_chosen_on_validation_images() -> None:
    config = Config(
        hidden=(8,), images=100, validation=100, test=100, epochs=3, rates=(0.0001, 0.1)
    )
    values = run(config, 0, "none")
    best = int(np.argmax(values["validation_accuracies_none"]))
    assert values["chosen_none"] == config.rates[best]
    assert values["test_accuracy_none"] == values["test_accuracies_none"][best]
    gap = values["train_accuracies_none"][best] - values["test_accuracies_none"][best]
    assert values["gap_none"] == pytest.approx(gap)


def judged(gap: float, accuracy: float, cases: tuple[str, ...] = JUDGED) -> str:
    """The outcome if these methods have that gap and accuracy, where none has 0.2 and 0.8, as the others."""
    jitter = np.array([-0.01, -0.005, 0.0, 0.005, 0.01])
    metrics = {}
    for case in CASES:
        changed = case in cases
        metrics[f"gap_{case}"] = np.full(5, gap if changed else 0.2) + jitter * changed
        metrics[f"test_accuracy_{case}"] = (
            np.full(5, accuracy if changed else 0.8) - jitter * changed
        )
    return EXPERIMENT.judge(Metrics(metrics)).outcome


def test_the_criterion_has_three_outcomes_and_wants_both() -> None:
    assert judged(0.1, 0.83) == "holds"
    assert judged(0.1, 0.83, ("dropout",)) == "holds partly"
    assert judged(0.1, 0.8) == "does not hold"  # the gap closed by learning less
    assert judged(0.19, 0.83) == "does not hold"  # better, and hardly a narrower gap
    assert judged(0.1, 0.803) == "does not hold"  # within the noise
