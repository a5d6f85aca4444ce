"""The training loop: what it measures, stops at, saves, resumes and refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deeplearning import data, engines, models
from deeplearning.nn.module import read_npz, write_npz
from deeplearning.training import (
    CheckpointError,
    Diverged,
    History,
    accuracy,
    evaluate,
    fit,
    predict,
)
from deeplearning.training.checkpoint import load_checkpoint, save_checkpoint

SPLIT = data.digits(flat=True)
TRAIN, TEST = (SPLIT.train_x[:600], SPLIT.train_y[:600]), (SPLIT.test_x, SPLIT.test_y)


def run(name: str = "numpy", seed: int = 0, **changes: Any) -> tuple[History, Any]:
    engine = engines.get(name)
    engine.manual_seed(7)
    nn = engine.nn
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10))
    optimizer = engine.optim.SGD(model.parameters(), lr=changes.pop("lr", 0.1), momentum=0.9)
    settings: dict[str, Any] = {"epochs": 4, "batch_size": 50, "validation": TEST} | changes
    train = settings.pop("data", TRAIN)
    history = fit(
        model, train, engine=engine, optimizer=optimizer, loss=nn.CrossEntropyLoss(), seed=seed, **settings
    )  # fmt: skip
    return history, engine.state(model)


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_training_learns_and_measures(name: str) -> None:
    history, _ = run(name, epochs=8)
    assert history.epochs == len(history.seconds) == len(history.validation_accuracy) == 8
    assert history.train_loss[-1] < history.train_loss[0] / 2
    assert history.validation_accuracy[-1] > 0.8  # chance is 0.1
    assert min(history.seconds) > 0


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_resume_equals_a_run_without_interruption(name: str, tmp_path: Path) -> None:
    whole, state = run(name, epochs=4)
    run(name, epochs=2, checkpoint=tmp_path / "run.npz")
    resumed, again = run(name, epochs=4, checkpoint=tmp_path / "run.npz", resume=True)
    assert resumed.train_loss == whole.train_loss
    assert resumed.validation_accuracy == whole.validation_accuracy
    for key in state:
        np.testing.assert_array_equal(state[key], again[key])


def test_the_seed_decides_the_order() -> None:
    assert run(seed=0)[0].train_loss == run(seed=0)[0].train_loss
    assert run(seed=0)[0].train_loss != run(seed=1)[0].train_loss


def test_early_stopping_puts_the_best_epoch_back(tmp_path: Path) -> None:
    history, state = run(epochs=60, patience=2, lr=0.3)
    assert history.epochs < 60
    assert history.epochs - 1 - history.best_epoch == 2
    engine = engines.get("numpy")
    nn = engine.nn
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10))
    engine.load(model, state)
    assert evaluate(model, TEST, engine) == max(history.validation_accuracy)
    # A finished run that is resumed stays finished and gives the same parameters.
    run(epochs=60, patience=2, lr=0.3, checkpoint=tmp_path / "c.npz")
    resumed, again = run(epochs=60, patience=2, lr=0.3, checkpoint=tmp_path / "c.npz", resume=True)
    assert resumed.epochs == history.epochs
    for key in state:
        np.testing.assert_array_equal(state[key], again[key])


def test_an_interrupted_epoch_leaves_the_checkpoint_before_it(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(epochs=1, checkpoint=path)
    before = path.read_bytes()
    broken = (TRAIN[0].copy(), TRAIN[1])
    broken[0][0] = 1e30
    with (
        pytest.raises(Diverged, match=r"epoch 2.*smaller learning rate"),
        np.errstate(all="ignore"),
    ):
        run(epochs=2, checkpoint=path, resume=True, data=broken)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "epochs=0"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"patience": 0}, "patience=0"),
        ({"patience": 2, "validation": None}, "validation=False"),
        ({"resume": True}, "without a checkpoint"),
        (
            {"data": (TRAIN[0], TRAIN[1][:5])},
            "inputs of shape \\(600, 64\\) and targets of shape \\(5,\\)",
        ),
        ({"data": (TRAIN[0][:0], TRAIN[1][:0])}, "at least one"),
        ({"data": (np.full_like(TRAIN[0], np.nan), TRAIN[1])}, "inputs of data hold NaN"),
        (
            {"validation": (np.full_like(TEST[0], np.inf), TEST[1])},
            "inputs of validation hold NaN or infinity",
        ),
    ],
)
def test_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(**changes)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(epochs=1, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="seed was 0 and is now 1"):
        run(seed=1, checkpoint=path, resume=True)
    with pytest.raises(CheckpointError, match="engine was 'numpy' and is now 'torch'"):
        run("torch", checkpoint=path, resume=True)
    engine = engines.get("numpy")
    model = models.mlp([64, 10])
    with pytest.raises(CheckpointError, match="does not fit this model"):
        fit(
            model, TRAIN, engine=engine, optimizer=engine.optim.SGD(model.parameters(), lr=0.1),
            loss=engine.nn.CrossEntropyLoss(), epochs=2, batch_size=50, seed=0, checkpoint=path, resume=True,
            validation=TEST,
        )  # fmt: skip
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_no_damaged_byte_escapes(tmp_path: Path, name: str) -> None:
    """Whatever byte is altered, the checkpoint is refused by name or holds exactly what was saved."""
    path = tmp_path / "run.npz"
    _, saved = run(name, epochs=1, checkpoint=path, patience=3)
    good, generator = path.read_bytes(), np.random.default_rng(0)
    engine = engines.get(name)
    model = engine.nn.Sequential(
        engine.nn.Linear(64, 32), engine.nn.ReLU(), engine.nn.Dropout(0.2), engine.nn.Linear(32, 10)
    )
    optimizer = engine.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for place in [
        *range(40),
        *generator.integers(len(good), size=100),
        *range(len(good) - 1500, len(good), 7),
    ]:
        damaged = bytearray(good)
        damaged[place] ^= int(generator.integers(1, 256))
        path.write_bytes(damaged)
        order = np.random.default_rng(0)
        try:
            load_checkpoint(
                path,
                model=model,
                optimizer=optimizer,
                engine=engine,
                order=order,
                settings={"seed": 0},
            )
        except CheckpointError as error:
            assert str(path) in str(error)  # noqa: PT017
        else:
            for key, value in engine.state(model).items():
                np.testing.assert_array_equal(value, saved[key])


def test_a_checkpoint_without_its_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(epochs=1, checkpoint=path)
    arrays = read_npz(path)
    header = json.loads(arrays["header"].tobytes())
    for part in ("settings", "history", "order", "optimizer"):
        text = json.dumps({key: value for key, value in header.items() if key != part})
        write_npz(path, arrays | {"header": np.frombuffer(text.encode(), np.uint8)})
        with pytest.raises(CheckpointError, match=r"run\.npz.*" + part):
            run(checkpoint=path, resume=True)
    write_npz(path, {key: value for key, value in arrays.items() if key != "random"})
    with pytest.raises(CheckpointError, match=r"run\.npz.*random"):
        run(checkpoint=path, resume=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"validation": None}, "validation was True and is now False"),
        ({"patience": 2}, "early_stopping was False and is now True"),
        ({"batch_size": 60}, "batch_size was 50 and is now 60"),
    ],
)
def test_a_run_is_not_resumed_as_another(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    run(epochs=1, checkpoint=tmp_path / "run.npz")
    with pytest.raises(CheckpointError, match=words):
        run(checkpoint=tmp_path / "run.npz", resume=True, **changes)


def test_numpys_numbers_are_saved_as_pythons(tmp_path: Path) -> None:
    path, engine, order = tmp_path / "run.npz", engines.get("numpy"), np.random.default_rng(0)
    model = models.mlp([4, 2])
    parts = {"model": model, "engine": engine, "order": order, "settings": {}}
    optimizer = engine.optim.SGD(model.parameters(), momentum=np.float32(0.5))
    save_checkpoint(path, optimizer=optimizer, history=History(), best=None, **parts)
    other = engine.optim.SGD(model.parameters())
    load_checkpoint(path, optimizer=other, **parts)
    assert other.param_groups[0]["momentum"] == 0.5
    with pytest.raises(FileNotFoundError, match=r"none\.npz: no such file"):
        load_checkpoint(tmp_path / "none.npz", optimizer=other, **parts)


def test_numpys_integers_are_integers(tmp_path: Path) -> None:
    history, _ = run(
        seed=np.int64(0),
        epochs=np.int64(1),
        batch_size=np.int64(50),
        checkpoint=tmp_path / "run.npz",
    )
    assert history.train_loss == run(epochs=1)[0].train_loss


@pytest.mark.parametrize("content", [b"", b"rubbish", None])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "run.npz"
    run(epochs=1, checkpoint=path)
    path.write_bytes(path.read_bytes()[:-500] if content is None else content)
    with pytest.raises(
        CheckpointError, match=r"run\.npz: not a readable checkpoint.*move the file away"
    ):
        run(checkpoint=path, resume=True)


def test_a_foreign_archive_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    np.savez(path, header=np.frombuffer(b'{"format": "other"}', np.uint8))
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        run(checkpoint=path, resume=True)


def test_resume_without_a_file_starts_anew(tmp_path: Path) -> None:
    history, _ = run(epochs=1, checkpoint=tmp_path / "new.npz", resume=True)
    assert history.epochs == 1
    assert (tmp_path / "new.npz").exists()


def test_progress_is_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    run(epochs=1, progress=True)
    assert "accuracy=" in capsys.readouterr().err
    run(epochs=1)
    assert capsys.readouterr().err == ""


def test_predict_keeps_the_mode_and_records_nothing() -> None:
    engine = engines.get("numpy")
    model = models.mlp([64, 10])
    model.train()
    scores = predict(model, TEST[0], engine, batch_size=7)
    assert scores.shape == (len(TEST[0]), 10)
    assert model.training
    np.testing.assert_allclose(scores, predict(model, TEST[0], engine), rtol=1e-5, atol=1e-6)


def test_accuracy_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"scores \(2, 2\) and labels \(3,\)"):
        accuracy(np.ones((2, 2)), np.ones(3))
    with pytest.raises(ValueError, match="N >= 1"):
        accuracy(np.ones((0, 2)), np.ones(0))


def test_best_epoch_needs_validation() -> None:
    with pytest.raises(ValueError, match="nothing was validated"):
        _ = History(train_loss=[1.0]).best_epoch
