"""The six choices (D4): settings, contrasts, and the criterion's outcomes."""

from dataclasses import replace

import numpy as np
import pytest

from deeplearning.experiments import d04_six_choices as d04
from deeplearning.records import Metrics

SMALL = replace(d04.Config.smoke(), images=60, judged_images=50)


def made_up(gaps: dict[str, float], noise: float = 0.001) -> Metrics:
    """Metrics in which the last setting of an ablation is better than all others by its gap."""
    generator = np.random.default_rng(0)
    values = {"test_accuracy_factorial": generator.normal(0.8, noise, (5, 64))}
    for ablation, names in d04.ABLATIONS.items():
        for name in names:
            mean = 0.8 + gaps[ablation] * (name == list(names)[-1])
            for kind in d04.SETS:
                values[f"{kind}_accuracy_{ablation}_{name}"] = mean + generator.normal(0, noise, 5)
    return Metrics({name: list(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("clear", "outcome"),
    [(6, "holds"), (5, "holds partly"), (3, "holds partly"), (2, "does not hold")],
)
def test_three_outcomes(clear: int, outcome: str) -> None:
    gaps = {name: 0.03 if i < clear else 0.005 for i, name in enumerate(d04.ABLATIONS)}
    verdict = d04.criterion(made_up(gaps))
    assert verdict.outcome == outcome
    assert "rate 3" in verdict.headline


def test_a_gap_within_its_noise_does_not_count() -> None:
    metrics = made_up(dict.fromkeys(d04.ABLATIONS, 0.02), noise=0.05)
    assert d04.criterion(metrics).outcome == "does not hold"


def test_best_and_worst_are_named_by_validation_images() -> None:
    metrics = made_up(dict.fromkeys(d04.ABLATIONS, 0.03))
    raw = dict(metrics.raw)
    raw["test_accuracy_hidden_nodes_32"] = [0.99] * 5  # a lucky setting on the test images alone
    best, worst, difference = d04.gap(Metrics(raw), "hidden")
    assert best == "nodes_400"
    assert worst not in ("nodes_400", "")
    assert difference.shape == (5,)


def test_contrasts_of_a_known_function() -> None:
    """y = 1 + 2a − 3b + 4ab for a, b = ±1 has effects twice its coefficients, and nothing else."""
    numbers = np.arange(64)
    a, b = (2 * (numbers >> k & 1) - 1 for k in (1, 4))
    main, pairs = d04.contrasts(1 + 2 * a - 3 * b + 4 * a * b)
    expected = np.zeros(6)
    expected[[1, 4]] = 4, -6
    np.testing.assert_allclose(main, expected, atol=1e-12)
    assert {d04.PAIRS[i]: float(pairs[i].round(9)) for i in np.flatnonzero(abs(pairs) > 1e-9)} == {
        (1, 4): 8.0
    }
    # The interaction is half the difference of a's effect at the two levels of b.
    y = 1 + 2 * a - 3 * b + 4 * a * b
    at = [
        y[(b == level) & (a == 1)].mean() - y[(b == level) & (a == -1)].mean() for level in (-1, 1)
    ]
    np.testing.assert_allclose(pairs[d04.PAIRS.index((1, 4))], (at[1] - at[0]) / 2)
    assert d04.contrasts(np.ones((3, 64)))[1].shape == (3, 15)


def test_settings_change_one_choice() -> None:
    for ablation in d04.ABLATIONS:
        for name, setting in d04.settings(ablation).items():
            changed = {key for key, value in setting.items() if value != d04.BASE[key]} - {"rate"}
            assert len(changed) <= 1, (ablation, name)
            assert setting.keys() == d04.BASE.keys()
    assert set(d04.RATES) == {
        f"{ablation}_{name}"
        for ablation, names in d04.ABLATIONS.items()
        for name, change in names.items()
        if "rate" not in change
    }


def test_preprocessing_is_fitted_on_the_training_images() -> None:
    for kind in ("raw", "standardise", "zca"):
        sets = d04.prepared(kind, 60, 1, 50, 0.01)
        assert [len(part) for part in sets] == [60, 60, 50, 50, 50, 50]
        assert all(part.dtype == np.float32 for part in sets[::2])
    scaled = d04.prepared("standardise", 60, 1, 50, 0.01)
    np.testing.assert_allclose(scaled[0].mean(axis=0), 0, atol=1e-4)
    assert np.abs(scaled[4].mean(axis=0)).max() > 1e-3  # the test images were not looked at


@pytest.mark.parametrize("ablation", d04.ABLATIONS)
def test_every_setting_trains(ablation: str) -> None:
    for setting in d04.settings(ablation).values():
        if setting["preprocessing"] in ("raw", "standardise"):
            (accuracy,) = d04.accuracies(setting, 60, 1, SMALL, seed=0, on=("train",))
            assert 0 <= accuracy <= 1


def test_what_diverges_counts_as_guessing() -> None:
    wild = d04.BASE | {"rate": 1e12}
    assert d04.accuracies(wild, 60, 3, SMALL, seed=0) == [0.1] * 3
