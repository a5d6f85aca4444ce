"""Checkpoints: everything that training needs to go on as if it had never stopped."""

import json
import os
from dataclasses import asdict
from typing import Any

import numpy as np

from deeplearning.engines import Engine
from deeplearning.nn.module import read_npz, write_npz
from deeplearning.training.history import History

FORMAT = "deeplearning-checkpoint-1"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message names the file and what to do."""


def save_checkpoint(
    path: str | os.PathLike[str],
    *,
    model: Any,
    optimizer: Any,
    engine: Engine,
    history: History,
    order: np.random.Generator,
    best: dict[str, np.ndarray] | None,
    settings: dict[str, Any],
    scheduler: Any = None,
) -> None:
    """Write model, optimiser, schedule, both random generators, history and best parameters so far, atomically."""
    arrays = {f"model/{name}": value for name, value in engine.state(model).items()}
    arrays |= {f"best/{name}": value for name, value in (best or {}).items()}
    plain, tensors = _split(optimizer.state_dict(), engine)
    arrays |= {f"optimizer/{name}": value for name, value in tensors.items()}
    schedule = None if scheduler is None else _split(scheduler.state_dict(), engine)[0]
    arrays["random"] = engine.random_state()
    header = {
        "format": FORMAT,
        "engine": engine.name,
        "settings": settings,
        "history": asdict(history),
        "order": order.bit_generator.state,
        "optimizer": plain,
        "scheduler": schedule,
    }
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    write_npz(path, arrays)


def load_checkpoint(
    path: str | os.PathLike[str],
    *,
    model: Any,
    optimizer: Any,
    engine: Engine,
    order: np.random.Generator,
    settings: dict[str, Any],
    scheduler: Any = None,
) -> tuple[History, dict[str, np.ndarray] | None]:
    """Restore what :func:`save_checkpoint` wrote and return the history and the best parameters.

    :class:`CheckpointError` if the file is damaged or foreign, or was made with other settings or by another engine.
    """
    name = os.fspath(path)
    try:
        arrays = read_npz(path)
        header = json.loads(arrays["header"].tobytes())
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}, not {FORMAT!r}")
        given = {"engine": header["engine"], **header["settings"]}
        history = History(**header["history"])
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{name}: not a readable checkpoint ({error}); move the file away to train from the start"
        ) from error
    expected = {"engine": engine.name, **settings}
    different = {
        key: (given.get(key), value) for key, value in expected.items() if given.get(key) != value
    }
    if different:
        changes = ", ".join(
            f"{key} was {old!r} and is now {new!r}" for key, (old, new) in different.items()
        )
        raise CheckpointError(
            f"{name}: made by another run ({changes}); use the same settings or another file name"
        )
    try:
        engine.load(model, _part(arrays, "model/"))
        optimizer.load_state_dict(_join(header["optimizer"], _part(arrays, "optimizer/"), engine))
        if scheduler is not None:
            scheduler.load_state_dict(_join(header["scheduler"], {}, engine))
        engine.set_random_state(arrays["random"])
        order.bit_generator.state = header["order"]
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        raise CheckpointError(f"{name}: does not fit this model and optimiser: {error}") from error
    return history, _part(arrays, "best/") or None


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }


def _split(state: Any, engine: Engine) -> tuple[Any, dict[str, np.ndarray]]:
    """Take the arrays and tensors out of an optimiser's nested state and leave their names in their places."""
    tensors: dict[str, np.ndarray] = {}

    def visit(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            # Keys that are numbers (PyTorch's parameter indices) would come back from JSON as text: keep pairs.
            return {"pairs": [[key, visit(item, f"{path}.{key}")] for key, item in value.items()]}
        if isinstance(value, list | tuple):
            return [visit(item, f"{path}.{i}") for i, item in enumerate(value)]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        tensors[path] = np.array(value if isinstance(value, np.ndarray) else engine.to_numpy(value))
        return {"array": path, "tensor": not isinstance(value, np.ndarray)}

    return visit(state, "state"), tensors


def _join(plain: Any, tensors: dict[str, np.ndarray], engine: Engine) -> Any:
    """Put the arrays and tensors back: the inverse of :func:`_split`."""
    if isinstance(plain, list):
        return [_join(item, tensors, engine) for item in plain]
    if not isinstance(plain, dict):
        return plain
    if "array" in plain:
        array = tensors[plain["array"]]
        return engine.tensor(array) if plain["tensor"] else array
    return {key: _join(item, tensors, engine) for key, item in plain["pairs"]}
