"""The classical contenders are scikit-learn's, with the settings that the grid says."""

import numpy as np
import pytest

from deeplearning.models.classical import CLASSICAL, classical

CHOICES = [
    (name, choice) for name, method in CLASSICAL.items() for choice in range(len(method.grid))
]


@pytest.mark.parametrize(("name", "choice"), CHOICES)
def test_an_estimator_has_its_settings_and_learns(name: str, choice: int) -> None:
    estimator = classical(name, choice, seed=3)
    settings = estimator.get_params()
    for key, value in {**CLASSICAL[name].fixed, **CLASSICAL[name].grid[choice]}.items():
        assert settings[key] == value
    assert settings.get("random_state", None) == (3 if CLASSICAL[name].random else None)
    draw = np.random.default_rng(0)
    y = np.arange(200) % 2
    x = (
        draw.normal(size=(200, 4)) + 6 * y[:, None]
    )  # two clouds far apart: everybody separates them
    answers = estimator.fit(x[:150], y[:150]).predict(x[150:])
    assert (answers == y[150:]).mean() > 0.98


@pytest.mark.parametrize("name", CLASSICAL)
def test_settings_of_a_grid_are_distinct_and_chance_follows_the_seed(name: str) -> None:
    method = CLASSICAL[name]
    assert len({tuple(sorted(setting.items())) for setting in method.grid}) == len(method.grid) >= 2
    draw = np.random.default_rng(1)
    x, y = draw.normal(size=(80, 3)), draw.integers(0, 2, 80)
    first, again = (classical(name, 0, seed=1).fit(x, y).predict_proba(x) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_what_is_fixed_can_be_changed() -> None:
    assert classical("forest", 1, seed=0, n_estimators=2).get_params()["n_estimators"] == 2


def test_another_name_or_choice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"name='svm'; give one of neighbours, logistic"):
        classical("svm", 0, seed=0)
    with pytest.raises(ValueError, match="choice=3 of logistic; its grid has the numbers 0 to 2"):
        classical("logistic", 3, seed=0)
    with pytest.raises(ValueError, match="choice=-1"):
        classical("forest", -1, seed=0)
