"""A language model of symbols: an embedding, an LSTM, and a score for every symbol that may come next."""

from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.data import streams
from deeplearning.engines import Engine


def char_lm(
    symbols: int,
    embedding: int = 64,
    hidden: int = 512,
    layers: int = 1,
    dropout: float = 0.0,
    nn: Any = own_nn,
) -> Any:
    r"""Make a network that scores the next symbol of a text: :math:`P(w_{t+1} \mid w_1 \dots w_t)` by its softmax.

    Each code becomes a vector (embedding, size E), an LSTM of ``layers`` layers and H = ``hidden`` units reads the
    vectors, a linear layer makes K scores of its state. Elements of what leaves the LSTM, and each of its layers, are
    dropped with probability ``dropout`` while training; those of the state that goes from step to step are not
    :cite:`zaremba2014`.

    ``symbols`` is K, ``nn`` the namespace of an engine, and the result its module, called as ``model(codes)`` or
    ``model(codes, state)``: codes (N, T) integers; it returns ``(scores, state)``, scores (N, T, K) and the LSTM's
    state after the last step, from which the next window goes on. ``ValueError`` for sizes below 1.

    >>> from deeplearning.autograd import tensor
    >>> scores, (h, c) = char_lm(symbols=83, hidden=16)(tensor([[1, 2, 3], [4, 5, 6]]))
    >>> scores.shape, h.shape
    ((2, 3, 83), (1, 2, 16))
    """
    sizes = {"symbols": symbols, "embedding": embedding, "hidden": hidden, "layers": layers}
    for name, n in sizes.items():
        if n < 1:
            raise ValueError(f"char_lm: {name}={n}; give a whole number, at least 1")

    class CharLM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            between = dropout if layers > 1 else 0.0
            self.embedding = nn.Embedding(symbols, embedding)
            self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True, dropout=between)
            self.dropout = nn.Dropout(dropout)
            self.score = nn.Linear(hidden, symbols)

        def forward(self, codes: Any, state: Any = None) -> Any:
            outputs, state = self.lstm(self.embedding(codes), state)  # (N, T, H)
            return self.score(self.dropout(outputs)), state

    return CharLM()


def surprise(
    model: Any,
    codes: np.ndarray,
    engine: Engine,
    count: int = 1,
    length: int = 200,
) -> np.ndarray:
    r"""Return how surprising each symbol of a text is to a network, :math:`-\log_2 P(w_t \mid w_1 \dots w_{t-1})`.

    The text is read as ``count`` streams side by side, ``length`` steps at a time, the state carried on: one stream
    judges every symbol but the first, (n − 1,) bits; N streams are faster, begin N times from nothing, and leave out
    the last (n − 1) mod N symbols. Dropout is off.
    """
    model.eval()
    found, state = [], None
    with engine.no_grad():
        for x, y in streams(codes, count, length):
            scores, state = model(engine.tensor(x), state)
            z = engine.to_numpy(scores).astype(np.float64)  # (N, T, K)
            z -= z.max(axis=-1, keepdims=True)
            chosen = np.take_along_axis(z, y[..., None], axis=-1)[..., 0]
            found.append(np.log(np.exp(z).sum(axis=-1)) - chosen)
    return np.concatenate(found, axis=1).ravel() / np.log(2)


def write(
    model: Any,
    beginning: np.ndarray,
    count: int,
    engine: Engine,
    temperature: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    r"""Let a network write on: draw a symbol from what it expects, give it that symbol, and so forth.

    .. math:: P_\vartheta(w) = \frac{e^{z_w/\vartheta}}{\sum_v e^{z_v/\vartheta}}

    with the scores z and the temperature :math:`\vartheta`: 1 draws from the model's own law, less makes likely symbols
    likelier, and 0 always takes the likeliest. ``beginning`` (m,) codes, at least one, is read first; the result is the
    ``count`` codes after it. The same seed draws the same text. ``ValueError`` for an empty beginning or a temperature
    below 0.

    >>> from deeplearning import engines
    >>> write(char_lm(5, hidden=4), np.array([0, 1]), 3, engines.get("numpy")).shape
    (3,)
    """
    if not len(beginning) or not temperature >= 0:
        raise ValueError(
            f"write: a beginning of {len(beginning)} codes with temperature={temperature}; give at least one code, "
            "and a temperature of 0 or more"
        )
    model.eval()
    generator = np.random.default_rng(seed)
    codes, state, written = np.asarray(beginning, np.int64), None, []
    with engine.no_grad():
        for _ in range(count):
            scores, state = model(engine.tensor(codes[None]), state)
            z = engine.to_numpy(scores)[0, -1].astype(np.float64)
            code = int(z.argmax()) if temperature == 0 else draw(z / temperature, generator)
            written.append(code)
            codes = np.array([code])
    return np.array(written, np.int64)


def draw(scores: np.ndarray, generator: np.random.Generator) -> int:
    """Draw a symbol by the softmax of scores (K,).

    >>> draw(np.array([0.0, 900.0]), np.random.default_rng(0))
    1
    """
    share = np.exp(scores - scores.max()).cumsum()
    return int(np.searchsorted(share, generator.random() * share[-1], side="right"))
