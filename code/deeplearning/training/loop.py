"""The training loop: the same for every model and every engine."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from deeplearning.data import batches
from deeplearning.engines import Engine
from deeplearning.training.check import Data, check_data, check_settings
from deeplearning.training.checkpoint import load_checkpoint, save_checkpoint
from deeplearning.training.history import History
from deeplearning.training.metrics import evaluate


class Diverged(RuntimeError):
    """The loss became NaN or infinite; the message says where and what usually helps."""


def fit(
    model: Any,
    data: Data,
    *,
    engine: Engine,
    optimizer: Any,
    loss: Callable[[Any, Any], Any],
    epochs: int,
    batch_size: int,
    seed: int,
    validation: Data | None = None,
    patience: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool = False,
) -> History:
    """Train ``model`` on ``data`` by mini-batch gradient descent and return what was measured on the way.

    Every epoch visits all samples once, in an order drawn from ``seed``, ``batch_size`` at a time; each batch costs one
    forward pass, one backward pass and one step of ``optimizer``. ``loss(outputs, targets)`` gives one number.

    With ``validation`` the accuracy on it is measured after every epoch; with ``patience`` as well, training stops once
    that many epochs have brought no improvement, and the best epoch's parameters are put back. With ``checkpoint`` the
    whole state is saved after every epoch, and ``resume=True`` goes on from there to exactly the result of a run that
    was never interrupted, with the optimiser's settings that were saved. ``progress`` shows a bar.

    ``TypeError`` or ``ValueError``, before anything is trained, for settings or data that do not fit (see
    :func:`check_data`); :class:`Diverged` if the loss is no longer a finite number; ``CheckpointError`` if the
    checkpoint is damaged or belongs to another run.
    """
    validated = validation is not None
    check_settings(
        epochs=epochs, batch_size=batch_size, seed=seed, patience=patience, validated=validated
    )
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True without a checkpoint; give the file's path")
    check_data("data", data, model, engine, loss)
    if validation is not None:
        check_data("validation", validation, model, engine, loss)

    x, y = data
    order = np.random.default_rng(seed)
    history, best = History(), None
    settings = {
        "optimizer": type(optimizer).__name__,
        "batch_size": int(batch_size),
        "seed": int(seed),
        "samples": len(x),
        "validation": validated,
        "early_stopping": patience is not None,
    }
    if resume and checkpoint is not None and Path(checkpoint).exists():
        history, best = load_checkpoint(
            checkpoint,
            model=model,
            optimizer=optimizer,
            engine=engine,
            order=order,
            settings=settings,
        )
    with tqdm(total=epochs, initial=history.epochs, unit="epoch", disable=not progress) as bar:
        while history.epochs < epochs and not _exhausted(history, patience):
            started = time.perf_counter()
            history.train_loss.append(
                _epoch(model, x, y, engine, optimizer, loss, batch_size, order, history.epochs)
            )
            history.seconds.append(time.perf_counter() - started)
            if validation is not None:
                history.validation_accuracy.append(evaluate(model, validation, engine))
                if patience is not None and history.best_epoch == history.epochs - 1:
                    best = engine.state(model)
            if checkpoint is not None:
                save_checkpoint(
                    checkpoint, model=model, optimizer=optimizer, engine=engine, history=history, order=order,
                    best=best, settings=settings,
                )  # fmt: skip
            bar.set_postfix(_latest(history))
            bar.update()
    if best is not None:
        engine.load(model, best)
    return history


def _epoch(
    model: Any,
    x: np.ndarray,
    y: np.ndarray,
    engine: Engine,
    optimizer: Any,
    loss: Callable[[Any, Any], Any],
    batch_size: int,
    order: np.random.Generator,
    epoch: int,
) -> float:
    """Train on every sample once and return the mean loss per sample."""
    model.train()
    total = 0.0
    for inputs, targets in batches(x, y, batch_size, order):
        optimizer.zero_grad()
        value = loss(model(engine.tensor(inputs)), engine.tensor(targets))
        value.backward()
        optimizer.step()
        number = value.item()
        if not np.isfinite(number):
            raise Diverged(
                f"fit: the loss became {number} in epoch {epoch + 1}; use a smaller learning rate, or look for NaN and "
                "very large numbers in the data"
            )
        total += number * len(inputs)
    return total / len(x)


def _exhausted(history: History, patience: int | None) -> bool:
    """Whether ``patience`` epochs have passed since the best one."""
    if patience is None or not history.validation_accuracy:
        return False
    return history.epochs - 1 - history.best_epoch >= patience


def _latest(history: History) -> dict[str, str]:
    shown = {"loss": f"{history.train_loss[-1]:.4f}"}
    if history.validation_accuracy:
        shown["accuracy"] = f"{history.validation_accuracy[-1]:.2%}"
    return shown
