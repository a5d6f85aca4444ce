"""C13: the pictures of several sizes, what counts as refused, and the criterion."""

import numpy as np
import pytest
import torch

from deeplearning.experiments import Metrics
from deeplearning.experiments.c13_variable_size import (
    EXPERIMENT,
    SIDE,
    Config,
    accuracy_or_refusal,
    losses,
    network,
    of_several_sizes,
    runs,
)

ENLARGED, CANVAS = Config.enlarged, Config.canvas


@pytest.mark.parametrize(("case", "parameters"), [("mlp", 235_146), ("average", 60_874)])
def test_networks_have_their_sizes(case: str, parameters: int) -> None:
    model = network(Config(), case, torch.nn)
    assert model(torch.zeros(2, 1, SIDE, SIDE)).shape == (2, 10)
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_several_sizes_show_every_image_once_in_runs_of_five_batches() -> None:
    config = Config(images=1030, batch_size=20)
    assert runs(1030, 20) == [100] * 10 + [30]
    assert runs(200, 20) == [100, 100]
    x = np.ones((1030, 28, 28), np.float32)
    parts = list(of_several_sizes(config, (x, np.arange(1030)), np.random.default_rng(0)))
    assert [len(images) for images, _ in parts] == runs(1030, 20)
    assert sorted(np.concatenate([labels for _, labels in parts])) == list(range(1030))
    sides = {images.shape[-1] for images, _ in parts}
    assert len(sides) > 5
    assert min(sides) >= config.smallest
    assert max(sides) <= config.largest
    # Some are enlarged, all bright; some lie on a canvas.
    bright = [images.min() > 0.9 for images, _ in parts]
    assert any(bright)
    assert not all(bright)


def test_a_refusal_is_no_accuracy() -> None:
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    with torch.no_grad():
        model[1].weight.zero_()
        model[1].bias.copy_(torch.tensor([0.0, 1.0]))
    labels = np.array([0, 1, 1, 1])
    assert accuracy_or_refusal(model, np.zeros((4, 2, 2), np.float32), labels) == 0.75
    assert accuracy_or_refusal(model, np.zeros((4, 3, 3), np.float32), labels) is None


def metrics(
    lost: dict[str, float], noise: float = 0.001, taken: tuple[float, ...] = (28,)
) -> Metrics:
    """Five seeds in which each other size costs a network 0.02, or what ``lost`` says."""
    spread = noise * np.linspace(-1, 1, 5)[:, None]
    raw: dict[str, list] = {}
    for way, sides in (("enlarged", ENLARGED), ("canvas", CANVAS)):
        raw[f"sides_{way}"] = [list(sides)] * 5
        raw[f"answered_{way}_mlp"] = [[float(side in taken) for side in sides]] * 5
        for case in ("average", "several"):
            costs = np.array([0.0 if side == SIDE else 0.02 for side in sides])
            costs[-1] = lost.get(f"{way}_{case}", 0.02)
            raw[f"{way}_{case}"] = (0.9 - costs + spread * (np.array(sides) > SIDE)).tolist()
            raw[f"answered_{way}_{case}"] = [[1.0] * len(sides)] * 5
    return Metrics(raw)


def test_a_loss_is_counted_from_28_pixels() -> None:
    made = metrics({"canvas_average": 0.3}, noise=0)
    np.testing.assert_allclose(
        losses(made, "canvas", "average"), [[0, 0.02, 0.02, 0.3]] * 5, atol=1e-12
    )


def test_the_criterion_has_three_outcomes_and_heeds_every_part_and_the_spread() -> None:
    def outcome(*arguments: object, **options: object) -> str:
        return EXPERIMENT.judge(metrics(*arguments, **options)).outcome  # type: ignore[arg-type]

    assert outcome({}) == "holds"
    assert outcome({"enlarged_several": 0.4}) == "holds"
    assert outcome({"enlarged_average": 0.06}) == "holds partly"
    assert outcome({"canvas_average": 0.06}) == "holds partly"
    assert outcome({"canvas_average": 0.06, "enlarged_several": 0.06}) == "does not hold"
    assert outcome({}, noise=0.1) == "does not hold"
    assert outcome({}, taken=(28, 36)) == "does not hold"
    assert outcome({}, taken=()) == "does not hold"


def test_the_headline_names_the_worst_size_of_both_ways() -> None:
    headline = EXPERIMENT.judge(metrics({"canvas_average": 0.3, "enlarged_several": 0.04})).headline
    assert "2 / 30 points trained at 28 pixels" in headline
    assert "4 / 2 points trained at several sizes" in headline
    assert "refuses the other sizes" in headline
