"""How good a trained network is."""

from typing import Any

import numpy as np

from deeplearning.engines import Engine


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    r"""Return the share of samples whose largest score is their label's, :math:`\frac1N\sum_n[\arg\max_k s_{nk}=y_n]`.

    scores (N, K), labels (N,); ``ValueError`` if lengths differ or nothing is given.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(
            f"accuracy: scores {scores.shape} and labels {labels.shape}; give (N, K) and (N,), N >= 1"
        )
    return float((scores.argmax(axis=1) == labels).mean())


def predict(model: Any, x: np.ndarray, engine: Engine, batch_size: int = 1000) -> np.ndarray:
    """Return the model's outputs for all rows of ``x``, in evaluation mode and without recording gradients."""
    was_training = model.training
    model.eval()
    try:
        with engine.no_grad():
            parts = [
                engine.to_numpy(model(engine.tensor(x[start : start + batch_size])))
                for start in range(0, len(x), batch_size)
            ]
    finally:
        model.train(was_training)
    return np.concatenate(parts)


def evaluate(
    model: Any, data: tuple[np.ndarray, np.ndarray], engine: Engine, batch_size: int = 1000
) -> float:
    """Return the model's accuracy on ``data``, a pair (x, labels)."""
    x, labels = data
    return accuracy(predict(model, x, engine, batch_size), labels)
