"""What the loop does besides: schedules, clipping, transformed batches, a call after each epoch, exact resuming."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deeplearning import data, engines
from deeplearning.training import CheckpointError, History, fit

SPLIT = data.digits(flat=True)
TRAIN = (SPLIT.train_x[:200], SPLIT.train_y[:200])
BATCHES = 4  # an epoch, of 50
KINDS = {
    "SGD": {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    "Adagrad": {"lr": 0.02},
    "RMSprop": {"lr": 0.002, "momentum": 0.5, "centered": True},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "AdamW": {"lr": 0.01},
}


def shake(inputs: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return inputs + 0.1 * generator.standard_normal(inputs.shape, dtype=np.float32)


def schedule(engine: Any, optimizer: Any, name: str) -> Any:
    module = engine.optim.lr_scheduler
    if name == "step":
        return module.StepLR(optimizer, step_size=2, gamma=0.5)
    if name == "one cycle":
        return module.OneCycleLR(optimizer, max_lr=0.02, total_steps=4 * BATCHES)
    parts = [module.LinearLR(optimizer, 0.1, total_iters=3), module.CosineAnnealingLR(optimizer, 8)]
    return module.SequentialLR(optimizer, parts, milestones=[3])


def run(
    name: str = "numpy", kind: str = "SGD", rates: str | None = None, seed: int = 0, **changes: Any
) -> tuple[History, dict[str, np.ndarray], Any]:
    engine = engines.get(name)
    engine.manual_seed(7)
    nn = engine.nn
    model = nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 10))
    engine.load(model, START)
    optimizer = getattr(engine.optim, kind)(model.parameters(), **KINDS[kind])
    scheduler = schedule(engine, optimizer, rates) if rates else None
    settings: dict[str, Any] = {"epochs": 4, "batch_size": 50} | changes
    history = fit(
        model, TRAIN, engine=engine, optimizer=optimizer, loss=nn.CrossEntropyLoss(), seed=seed,
        scheduler=scheduler, **settings,
    )  # fmt: skip
    return history, engine.state(model), optimizer


def start() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    shapes = {"0.weight": (16, 64), "0.bias": (16,), "2.weight": (10, 16), "2.bias": (10,)}
    return {k: (0.2 * generator.standard_normal(s)).astype("f4") for k, s in shapes.items()}


START = start()


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize(
    ("kind", "rates"),
    [
        ("SGD", "one cycle"),
        ("Adagrad", None),
        ("RMSprop", "step"),
        ("Adam", "one cycle"),
        ("AdamW", "warm-up"),
    ],
)
def test_resume_equals_a_run_without_interruption(
    name: str, kind: str, rates: str | None, tmp_path: Path
) -> None:
    extras = {"clip_norm": 0.5, "transform": shake}
    whole, state, _ = run(name, kind, rates, **extras)
    run(name, kind, rates, epochs=2, checkpoint=tmp_path / "run.npz", **extras)
    resumed, again, _ = run(
        name, kind, rates, checkpoint=tmp_path / "run.npz", resume=True, **extras
    )
    assert resumed.train_loss == whole.train_loss
    for key in state:
        np.testing.assert_array_equal(state[key], again[key])


@pytest.mark.parametrize("kind", KINDS)
def test_both_engines_see_the_same_losses(kind: str) -> None:
    extras = {"clip_norm": 0.5, "transform": shake, "rates": "warm-up", "epochs": 2}
    ours, theirs = run("numpy", kind, **extras)[0], run("torch", kind, **extras)[0]
    np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-5)


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_the_schedule_goes_by_batches_or_by_epochs(name: str) -> None:
    for interval, halvings in (("step", 4 * BATCHES // 2), ("epoch", 2)):
        optimizer = run(name, rates="step", interval=interval)[2]
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05 * 0.5**halvings)


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_clipping_limits_the_step(name: str) -> None:
    _, state, _ = run(name, "Adagrad", epochs=1, clip_norm=1e-9)
    _, crept, _ = run(name, "SGD", epochs=1, clip_norm=1e-9)
    moved = np.concatenate([(state[k] - START[k]).ravel() for k in START])
    assert np.abs(crept["0.weight"] - START["0.weight"]).max() < 1e-6
    assert np.abs(moved).max() > 1e-3  # AdaGrad's steps do not depend on the gradient's length
    np.testing.assert_array_equal(run(name, clip_norm=1e9)[1]["0.weight"], run(name)[1]["0.weight"])


def test_transformations_follow_seed_and_epoch() -> None:
    seen: list[float] = []

    def record(inputs: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        seen.append(generator.random())
        return inputs

    run(transform=record)
    first, seen = seen, []
    run(transform=record)
    assert first == seen
    assert len(set(first)) == 4 * BATCHES
    run(transform=record, seed=1)
    assert not set(first) & set(seen[4 * BATCHES :])
    # The generator is not that of the order of samples, which begins with the same seed.
    assert np.random.default_rng(0).random() not in first
    # Without a change of the inputs nothing changes.
    np.testing.assert_array_equal(run(transform=record)[1]["0.weight"], run()[1]["0.weight"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, g: x[:, :5], r"shape \(50, 5\) and float32 of an array of shape \(50, 64\)"),
        (lambda x, g: x.astype("f8"), "float64"),
        (lambda x, g: None, "a NoneType of shape None"),
    ],
)
def test_a_transformation_keeps_the_shape(change: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(transform=change)


def test_after_each_epoch_the_model_is_handed_over(tmp_path: Path) -> None:
    seen: list[tuple[int, float]] = []

    def look(epoch: int, model: Any) -> None:
        seen.append((epoch, float(np.abs(model.state_dict()["0.weight"]).sum())))

    run(epochs=2, checkpoint=tmp_path / "run.npz", after_epoch=look)
    _, state, _ = run(checkpoint=tmp_path / "run.npz", resume=True, after_epoch=look)
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4]
    assert all(a != b for (_, a), (_, b) in itertools.pairwise(seen))
    assert seen[-1][1] == float(np.abs(state["0.weight"]).sum())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rates": "one cycle"}, "scheduler was 'StepLR' and is now 'OneCycleLR'"),
        ({"rates": None}, "scheduler was 'StepLR' and is now None"),
        ({"rates": "step", "interval": "epoch"}, "interval was 'step' and is now 'epoch'"),
        ({"rates": "step", "clip_norm": 2}, r"clip_norm was None and is now 2\.0"),
    ],
)
def test_a_run_is_not_resumed_as_another(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = tmp_path / "run.npz"
    run(rates="step", epochs=1, checkpoint=path)
    with pytest.raises(CheckpointError, match=words):
        run(checkpoint=path, resume=True, **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"interval": "batch"}, "interval='batch'; give 'step' or 'epoch'"),
        ({"clip_norm": 0.0}, r"clip_norm=0\.0; give a finite number > 0"),
        ({"clip_norm": float("nan")}, "clip_norm=nan"),
    ],
)
def test_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(**changes)
