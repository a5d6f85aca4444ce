"""Training on a long text: back-propagation through time, cut off between windows."""

from typing import Any

import numpy as np

from deeplearning.data import streams
from deeplearning.engines import Engine
from deeplearning.training.loop import Diverged


def read_once(
    model: Any,
    codes: np.ndarray,
    *,
    engine: Engine,
    optimizer: Any,
    count: int,
    length: int,
    clip_norm: float,
    scheduler: Any = None,
) -> float:
    """Train a language model on one pass over a text by truncated back-propagation through time.

    ``count`` streams are read side by side, ``length`` steps at a time. The state of one window is where the next
    begins, but gradients end at the window's edge: what the network remembers may be older than what it learns from.
    Each window is one step of ``optimizer``, whose gradient is shortened to ``clip_norm``, and then one of
    ``scheduler``.

    ``model(codes, state)`` returns ``(scores, state)`` as :func:`deeplearning.models.char_lm.char_lm` does; codes (n,)
    integers. Returns the mean loss in bits a symbol, while learning.
    :class:`Diverged` if that is no longer a finite number :cite:`williams1990`.
    """
    model.train()
    cross_entropy = engine.nn.functional.cross_entropy
    parameters = list(model.parameters())
    total, state = 0.0, None
    for x, y in streams(codes, count, length):
        scores, state = model(engine.tensor(x), state)
        loss = cross_entropy(scores.reshape(y.size, -1), engine.tensor(y.reshape(-1)))
        state = tuple(part.detach() for part in state)
        optimizer.zero_grad()
        loss.backward()
        engine.nn.utils.clip_grad_norm_(parameters, clip_norm)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        total += loss.item() * y.size
        if not np.isfinite(total):
            raise Diverged(
                f"read_once: the loss is {loss.item()}; lower the optimiser's rate or clip_norm={clip_norm}"
            )
    return float(total / ((len(codes) - 1) // count * count) / np.log(2))
