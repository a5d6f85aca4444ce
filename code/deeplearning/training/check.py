"""Can this be trained? Found out before it starts, and in the same words for every engine."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deeplearning.data.check import check_labels
from deeplearning.engines import Engine
from deeplearning.training.metrics import predict

Data = tuple[np.ndarray, np.ndarray]


def check_settings(
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    patience: int | None,
    validated: bool,
    interval: str = "step",
    clip_norm: float | None = None,
) -> None:
    """Refuse numbers that :func:`fit` cannot work with; ``ValueError``.

    >>> check_settings(epochs=0, batch_size=10, seed=0, patience=None, validated=False)
    Traceback (most recent call last):
        ...
    ValueError: fit: epochs=0; give an integer >= 1
    """
    for name, value, least in (
        ("epochs", epochs, 1),
        ("batch_size", batch_size, 1),
        ("seed", seed, 0),
    ):
        if not _is_integer(value, least):
            raise ValueError(f"fit: {name}={value!r}; give an integer >= {least}")
    if patience is not None and not (validated and _is_integer(patience, 1)):
        raise ValueError(
            f"fit: patience={patience!r} with validation={validated}; it needs validation data and >= 1"
        )
    if interval not in ("step", "epoch"):
        raise ValueError(f"fit: interval={interval!r}; give 'step' or 'epoch'")
    if clip_norm is not None and not (clip_norm > 0 and np.isfinite(clip_norm)):
        raise ValueError(f"fit: clip_norm={clip_norm!r}; give a finite number > 0, or None")


def check_data(
    name: str, data: Data, model: Any, engine: Engine, loss: Callable[[Any, Any], Any]
) -> None:
    """Refuse arrays that ``model`` and ``loss`` cannot be trained on; ``name`` is what messages call them.

    One sample goes through the model, so that a wrong shape or dtype is found here. With the engine's cross-entropy
    the targets must be class labels, int64 from 0 to K − 1 for K outputs; other losses judge their targets themselves.
    ``TypeError`` for what is no pair of NumPy arrays, otherwise ``ValueError``.
    """
    parts = (
        [type(a).__name__ for a in data] if isinstance(data, tuple | list) else type(data).__name__
    )
    if parts != ["ndarray"] * 2:
        raise TypeError(f"fit: {name} is {parts}; give a pair (x, y) of NumPy arrays")
    x, y = data
    if not x.ndim or not y.ndim or len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"fit: {name} has inputs of shape {x.shape} and targets of shape {y.shape}; give equally many, at least one"
        )
    for part, array in (("inputs", x), ("targets", y)):
        if array.dtype.kind not in "fiub":
            raise ValueError(f"fit: the {part} of {name} are {array.dtype}; give numbers")
        # The smallest and the largest number carry every NaN and infinity, and need no mask as large as the data.
        if (
            array.dtype.kind == "f"
            and array.size
            and not np.isfinite([array.min(), array.max()]).all()
        ):
            raise ValueError(
                f"fit: the {part} of {name} hold NaN or infinity; remove those samples or fill the gaps first"
            )
        _check_precision(f"{part} of {name}", array.dtype, engine.state(model))
    try:
        outputs = predict(model, x[:1], engine)
    except Exception as error:
        raise ValueError(
            f"fit: the model does not compute inputs of {name} of shape {x.shape} and {x.dtype}: {error}"
        ) from error
    if _is_cross_entropy(loss, engine):
        if outputs.ndim != 2:
            raise ValueError(
                f"fit: cross-entropy needs outputs (N, K); for one sample the model gives {outputs.shape}"
            )
        try:
            check_labels(y, outputs.shape[1])
        except ValueError as error:
            raise ValueError(f"fit: the targets of {name}: {error}") from None
    try:
        with engine.no_grad():
            loss(engine.tensor(outputs), engine.tensor(y[:1]))
    except Exception as error:
        raise ValueError(
            f"fit: the loss does not take outputs of shape (N, {_rest(outputs)}) with targets of {name} of shape "
            f"(N, {_rest(y)}) and {y.dtype}: {error}"
        ) from error
    if name == "validation" and (outputs.ndim != 2 or y.ndim != 1):
        raise ValueError(
            "fit: accuracy on validation needs outputs (N, K) and labels (N,); "
            f"the model gives {outputs.shape} for one sample, the targets have shape {y.shape}; "
            "leave validation out, or measure it yourself"
        )


def _check_precision(what: str, dtype: np.dtype, state: dict[str, np.ndarray]) -> None:
    """Refuse floats of another precision than the parameters': PyTorch would, and NumPy would compute at half speed."""
    wanted = sorted({str(value.dtype) for value in state.values() if value.dtype.kind == "f"})
    if dtype.kind == "f" and wanted and str(dtype) not in wanted:
        raise ValueError(
            f"fit: the {what} are {dtype} and the parameters {wanted[0]}; use .astype(np.{wanted[0]})"
        )


def _rest(array: np.ndarray) -> str:
    """Return the axes after the first, as text."""
    return ", ".join(map(str, array.shape[1:]))


def _is_cross_entropy(loss: Callable[[Any, Any], Any], engine: Engine) -> bool:
    nn = engine.nn
    return isinstance(loss, nn.CrossEntropyLoss) or loss is nn.functional.cross_entropy


def _is_integer(value: Any, least: int) -> bool:
    return (
        isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)
    )
