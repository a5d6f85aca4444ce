"""The training loop: the same for every model and every engine."""

import os
import time
from collections.abc import Callable, Iterator
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

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


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
    scheduler: Any = None,
    interval: str = "step",
    clip_norm: float | None = None,
    transform: Transform | None = None,
    after_epoch: Callable[[int, Any], Any] | None = None,
) -> History:
    """Train ``model`` on ``data`` by mini-batch gradient descent and return what was measured on the way.

    Every epoch visits all samples once, in an order drawn from ``seed``, ``batch_size`` at a time; each batch costs one
    forward pass, one backward pass and one step of ``optimizer``. ``loss(outputs, targets)`` gives one number.

    With ``validation`` the accuracy on it is measured after every epoch; with ``patience`` as well, training stops once
    that many epochs have brought no improvement, and the best epoch's parameters are put back. With ``checkpoint`` the
    whole state is saved after every epoch, and ``resume=True`` goes on from there to exactly the result of a run that
    was never interrupted, with the optimiser's settings that were saved. ``progress`` shows a bar.

    ``scheduler.step()`` sets the rate of the next batch after every batch, or with ``interval="epoch"`` after every
    epoch. ``clip_norm`` is the largest norm that the gradient of all parameters together may have: a longer one is
    shortened before the step. ``transform(inputs, generator)`` changes the inputs of each training batch, an array,
    with a generator of its own for every epoch, drawn from ``seed``. ``after_epoch(n, model)`` is called when n epochs
    are finished, before they are saved.

    ``TypeError`` or ``ValueError``, before anything is trained, for settings or data that do not fit (see
    :func:`check_data`); :class:`Diverged` if the loss is no longer a finite number; ``CheckpointError`` if the
    checkpoint is damaged or belongs to another run. What the model itself refuses comes when it meets it, such as a
    last batch of one sample in batch normalisation.
    """
    validated = validation is not None
    check_settings(
        epochs=epochs, batch_size=batch_size, seed=seed, patience=patience, validated=validated,
        interval=interval, clip_norm=clip_norm,
    )  # fmt: skip
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
        "scheduler": None if scheduler is None else type(scheduler).__name__,
        "interval": None if scheduler is None else interval,
        "clip_norm": None if clip_norm is None else float(clip_norm),
    }

    def step() -> None:
        if clip_norm is not None:
            engine.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        optimizer.step()
        if scheduler is not None and interval == "step":
            scheduler.step()

    if resume and checkpoint is not None and Path(checkpoint).exists():
        history, best = load_checkpoint(
            checkpoint,
            model=model,
            optimizer=optimizer,
            scheduler=scheduler,
            engine=engine,
            order=order,
            settings=settings,
        )
    with tqdm(total=epochs, initial=history.epochs, unit="epoch", disable=not progress) as bar:
        while history.epochs < epochs and not _exhausted(history, patience):
            started = time.perf_counter()
            walk = batches(x, y, batch_size, order)
            if transform is not None:
                walk = _transformed(walk, transform, _generator(seed, history.epochs))
            history.train_loss.append(
                _epoch(model, walk, engine, optimizer, loss, step, history.epochs)
            )
            if scheduler is not None and interval == "epoch":
                scheduler.step()
            history.seconds.append(time.perf_counter() - started)
            if validation is not None:
                history.validation_accuracy.append(evaluate(model, validation, engine))
                if patience is not None and history.best_epoch == history.epochs - 1:
                    best = engine.state(model)
            if after_epoch is not None:
                after_epoch(history.epochs, model)
            if checkpoint is not None:
                save_checkpoint(
                    checkpoint, model=model, optimizer=optimizer, scheduler=scheduler, engine=engine,
                    history=history, order=order, best=best, settings=settings,
                )  # fmt: skip
            bar.set_postfix(_latest(history))
            bar.update()
    if best is not None:
        engine.load(model, best)
    return history


def _epoch(
    model: Any,
    walk: Iterator[Data],
    engine: Engine,
    optimizer: Any,
    loss: Callable[[Any, Any], Any],
    step: Callable[[], None],
    epoch: int,
) -> float:
    """Train on every batch once and return the mean loss per sample."""
    model.train()
    total, samples = 0.0, 0
    for inputs, targets in walk:
        optimizer.zero_grad()
        value = loss(model(engine.tensor(inputs)), engine.tensor(targets))
        value.backward()
        step()
        number = value.item()
        if not np.isfinite(number):
            raise Diverged(
                f"fit: the loss became {number} in epoch {epoch + 1}; use a smaller learning rate, or look for NaN and "
                "very large numbers in the data"
            )
        total += number * len(inputs)
        samples += len(inputs)
    return total / samples


def _generator(seed: int, epoch: int) -> np.random.Generator:
    """Make the generator of an epoch's transformations: a resumed run needs no more than the epoch's number.

    The last word keeps it apart from the generator of the order, ``default_rng(seed)``: NumPy fills seeds with zeros.
    """
    return np.random.default_rng([seed, epoch, 1])


def _transformed(
    walk: Iterator[Data], transform: Transform, generator: np.random.Generator
) -> Iterator[Data]:
    """Change the inputs of every batch, and refuse a transformation that gives something else than it was given."""
    for inputs, targets in walk:
        changed = transform(inputs, generator)
        given = getattr(changed, "shape", None), getattr(changed, "dtype", None)
        if given != (inputs.shape, inputs.dtype):
            raise ValueError(
                f"fit: transform made a {type(changed).__name__} of shape {given[0]} and {given[1]} of an array of "
                f"shape {inputs.shape} and {inputs.dtype}; return an array of the same shape and dtype"
            )
        yield changed, targets


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
