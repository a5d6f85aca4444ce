"""F3: the recipes, what a run returns, and the criterion."""

import dataclasses

import numpy as np

from deeplearning.experiments import Metrics
from deeplearning.experiments.f03_mlp_recipe import (
    BAR,
    EXPERIMENT,
    PUBLISHED,
    RECIPES,
    Config,
    cases,
    run,
)


def test_recipes_add_one_ingredient_at_a_time_and_the_last_is_judged() -> None:
    switches = list(RECIPES.values())
    assert [sum(both) for both in switches] == list(range(len(switches)))
    assert list(cases(Config()))[-1] == "full"


def test_a_run_repeats_and_its_ingredients_matter() -> None:
    config = dataclasses.replace(Config.smoke(), dropout=0.5)
    losses = {case: run(config, 0, case)[f"train_loss_{case}"] for case in RECIPES}
    assert losses["full"] == run(config, 0, "full")["train_loss_full"]
    assert len({tuple(loss) for loss in losses.values()}) == len(RECIPES)


def judged(full: list[float]) -> str:
    metrics = {f"test_accuracy_{case}": np.full(5, 0.9) for case in RECIPES}
    return EXPERIMENT.judge(Metrics({**metrics, "test_accuracy_full": np.array(full)})).outcome


def test_the_criterion_has_three_outcomes() -> None:
    assert judged([0.905, 0.906, 0.904, 0.905, 0.905]) == "holds"
    assert judged([BAR] * 5) == "holds"  # "reaches" includes the bar itself
    assert judged([0.89, 0.90, 0.89, 0.905, 0.893]) == "holds partly"
    assert judged([0.893, 0.894, 0.893, 0.894, 0.893]) == "does not hold"


def test_the_headline_names_what_each_ingredient_adds() -> None:
    metrics = {f"test_accuracy_{case}": np.full(5, 0.9 + k / 100) for k, case in enumerate(RECIPES)}
    headline = EXPERIMENT.judge(Metrics(metrics)).headline
    assert all(text in headline for text in ("90.00%", "91.00%", "92.00%"))


def test_the_bar_lies_a_point_above_the_published_number() -> None:
    assert BAR > PUBLISHED + 0.01
