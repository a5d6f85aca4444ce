"""Networks that say what they see: a convolutional encoder and an LSTM as decoder, written once for every engine."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.models.fcn import conv_block
from deeplearning.nn.attention import additive_attention

State = tuple[Any, ...]


def digit_maps(kinds: int = 10, widths: Sequence[int] = (32, 64, 96), nn: Any = own_nn) -> Any:
    """Make a network of convolutions that says of every place which kinds of things are there, each from 0 to 1.

    A 5 × 5 convolution that moves by two pixels, 3 × 3 convolutions with a max pooling before each, batch normalisation
    and ReLU after every one; at last a 1 × 1 convolution to ``kinds`` maps and a sigmoid. Input (N, 1, H, W); result
    (N, kinds, H/2^l, W/2^l) with l = len(widths): places that are 8 pixels apart for three widths.

    >>> from deeplearning.autograd import zeros
    >>> digit_maps(10, (4, 8, 8))(zeros(1, 1, 48, 48)).shape
    (1, 10, 6, 6)
    """
    first = nn.Conv2d(1, widths[0], 5, stride=2, padding=2, bias=False)
    layers = [first, nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for before, width in pairwise(widths):
        layers += [nn.MaxPool2d(2), *conv_block(before, width, nn)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], kinds, 1), nn.Sigmoid())


def coordinates(height: int, width: int) -> np.ndarray:
    """Where the places of a map are, (2, H, W): across and down, from −1 to 1."""
    down, across = np.meshgrid(*(np.linspace(-1, 1, n) for n in (height, width)), indexing="ij")
    return np.stack([across, down]).astype(np.float32)


def moments(maps: np.ndarray) -> np.ndarray:
    r"""Say how much there is on each map and where, in five numbers: :math:`\sum_p m_p (1, x_p, y_p, x_p^2, y_p^2)`.

    Maps (N, K, H, W); result (N, 5K). The first number says whether a thing is there, the next two where its middle is,
    the last two how far it is spread.

    >>> maps = np.zeros((1, 1, 3, 3), np.float32)
    >>> maps[0, 0, 1, 2] = 1  # in the middle of the right edge
    >>> moments(maps).tolist()
    [[1.0, 1.0, 0.0, 1.0, 0.0]]
    """
    n, kinds, height, width = maps.shape
    place = coordinates(height, width).reshape(2, -1)
    basis = np.concatenate([np.ones_like(place[:1]), place, place**2])  # (5, P)
    return (maps.reshape(n, kinds, -1) @ basis.T).reshape(n, 5 * kinds)


def with_coordinates(maps: np.ndarray) -> np.ndarray:
    """Append two maps that say of every place where it is: (N, K, H, W) becomes (N, K + 2, H, W).

    >>> with_coordinates(np.zeros((4, 10, 6, 6), np.float32)).shape
    (4, 12, 6, 6)
    """
    n, _, height, width = maps.shape
    where = np.broadcast_to(coordinates(height, width), (n, 2, height, width))
    return np.concatenate([maps, where], axis=1)


def small_embedding(count: int, size: int, nn: Any = own_nn) -> Any:
    """Make an embedding that starts from N(0, 0.1²): vectors of N(0, 1) would drown what the encoder says at first."""
    embedding = nn.Embedding(count, size)
    nn.init.normal_(embedding.weight, std=0.1)
    return embedding


def captioner(vocabulary: int, features: int = 50, hidden: int = 128, nn: Any = own_nn) -> Any:
    r"""Make a decoder that is told the picture once and for all: "show and tell" :cite:`vinyals2015`.

    What is known of the picture, F numbers such as :func:`moments`, goes through a linear layer to H numbers s. The
    LSTM reads each word as H numbers with s added, and scores the next word:

    .. math::
        (h_t, c_t) = \mathrm{LSTM}(e_{w_t} + s,\ (h_{t-1}, c_{t-1}))

    (Vinyals and others let it read s once, before the first word.)

    Args:
        vocabulary: V, how many words there are.
        features: F, by how many numbers a picture is told.
        hidden: H, the size of the LSTM and of the words' vectors.
        nn: the namespace of an engine.

    Returns:
        A module. ``look(pictures)`` takes what is known of pictures, (N, F), to a state, a tuple of arrays with N rows;
        ``read(state, words)`` gives the scores of the next word after each of (N, T) words, a list of T arrays (N, V);
        ``step(state, words)`` takes the next words (N,) and gives their scores (N, V) and the new state. Called as
        ``model(pictures, words)`` it looks and reads.

    >>> import torch
    >>> model = captioner(41, nn=torch.nn)
    >>> scores = model(torch.zeros(2, 50), torch.zeros(2, 5, dtype=torch.int64))
    >>> len(scores), tuple(scores[0].shape)
    (5, (2, 41))
    """

    class Captioner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.picture = nn.Linear(features, hidden)
            self.embedding = small_embedding(vocabulary, hidden, nn)
            self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
            self.scores = nn.Linear(hidden, vocabulary)

        def look(self, pictures: Any) -> State:
            seen = self.picture(pictures)  # (N, H)
            return seen * 0, seen * 0, seen

        def run(self, state: State, words: Any) -> tuple[Any, State]:
            """Scores (N, T, V) after each of (N, T) words, and the last state."""
            h, c, seen = (part.reshape(1, *part.shape) for part in state)
            output, (h, c) = self.lstm(self.embedding(words) + seen.transpose(0, 1), (h, c))
            return self.scores(output), (h[0], c[0], state[2])

        def read(self, state: State, words: Any) -> list[Any]:
            scores, _ = self.run(state, words)
            return [scores[:, t] for t in range(words.shape[1])]

        def step(self, state: State, words: Any) -> tuple[Any, State]:
            scores, state = self.run(state, words.reshape(-1, 1))
            return scores[:, 0], state

        def forward(self, pictures: Any, words: Any) -> list[Any]:
            return self.read(self.look(pictures), words)

    return Captioner()


def attentive_captioner(
    vocabulary: int,
    kinds: int = 12,
    places: int = 36,
    hidden: int = 128,
    looking: int = 32,
    nn: Any = own_nn,
) -> Any:
    r"""Make a decoder that looks at the picture anew for every word: "show, attend and tell" :cite:`xu2015`.

    What is known of the picture is K numbers at each of P places, such as the encoder's maps :func:`with_coordinates`;
    a linear layer makes H of them, :math:`v_p`. At every step the LSTM's state is the query of
    :func:`~deeplearning.nn.attention.additive_attention`, and what is seen goes into the LSTM with the last word:

    .. math::
        z_t &= \sum_p \alpha_{tp} v_p \\
        (h_t, c_t) &= \mathrm{LSTM}(e_{w_t} + z_t,\ (h_{t-1}, c_{t-1}))

    The scores of the next word are linear in :math:`h_t`. The first state is made of the mean over the places.

    Arguments, result and methods as for :func:`captioner`, with pictures (N, K, H, W), H · W = ``places`` = P and K =
    ``kinds``; ``looking`` is the size of query and keys. ``attend(state, words)`` is ``step`` and returns the weights
    of the places (N, P) besides.

    >>> import torch
    >>> model = attentive_captioner(41, nn=torch.nn)
    >>> state = model.look(torch.zeros(2, 12, 6, 6))
    >>> scores, state, weights = model.attend(state, torch.zeros(2, dtype=torch.int64))
    >>> tuple(scores.shape), tuple(weights.shape)
    ((2, 41), (2, 36))
    """

    class AttentiveCaptioner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.what = nn.Linear(kinds, hidden)
            self.first = nn.Linear(hidden, 2 * hidden)
            self.key = nn.Linear(hidden, looking)
            self.query = nn.Linear(hidden, looking)
            self.energy = nn.Linear(looking, 1, bias=False)
            self.embedding = small_embedding(vocabulary, hidden, nn)
            self.cell = nn.LSTMCell(hidden, hidden)
            self.scores = nn.Linear(hidden, vocabulary)

        def look(self, pictures: Any) -> State:
            here = pictures.reshape(len(pictures), kinds, places).transpose(1, 2)
            values = self.what(here)  # (N, P, H)
            first = self.first(values.mean(1)).tanh()
            return first[:, :hidden], first[:, hidden:], self.key(values), values

        def attend(self, state: State, words: Any) -> tuple[Any, State, Any]:
            h, c, keys, values = state
            z, weights = additive_attention(
                self.query(h), keys, values, self.energy.weight.reshape(looking)
            )
            h, c = self.cell(self.embedding(words) + z, (h, c))
            return self.scores(h), (h, c, keys, values), weights

        def step(self, state: State, words: Any) -> tuple[Any, State]:
            scores, state, _ = self.attend(state, words)
            return scores, state

        def read(self, state: State, words: Any) -> list[Any]:
            found = []
            for t in range(words.shape[1]):
                scores, state = self.step(state, words[:, t])
                found.append(scores)
            return found

        def forward(self, pictures: Any, words: Any) -> list[Any]:
            return self.read(self.look(pictures), words)

    return AttentiveCaptioner()


def caption_loss(scores: list[Any], targets: Any, real: Any, nn: Any = own_nn) -> Any:
    r"""The loss of teacher forcing: the mean cross-entropy of the true next words, in nats a word.

    .. math::
        L = -\frac{1}{\sum_{nt} m_{nt}} \sum_{n,t} m_{nt} \ln p(w_{n,t+1} \mid w_{n,1} \dots w_{n,t}, \text{picture}_n)

    Args:
        scores: of the next word at each of T steps, T arrays (N, V).
        targets: the words that truly come next, (N, T).
        real: m, (N, T), 1 where there is a word and 0 where there is padding.

    >>> from deeplearning.autograd import ones, tensor, zeros
    >>> round(caption_loss([zeros(1, 4)], tensor([[2]]), ones(1, 1)).item(), 4)  # ln 4
    1.3863
    """
    total: Any = 0.0
    for t, step in enumerate(scores):
        losses = nn.functional.cross_entropy(step, targets[:, t], reduction="none")
        total = total + (losses * real[:, t]).sum()
    return total / real.sum()
