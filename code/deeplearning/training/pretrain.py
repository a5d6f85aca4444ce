"""Greedy layer-wise pretraining: every layer first learns to describe what the layer below it says."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from deeplearning.engines import Engine
from deeplearning.training.history import History
from deeplearning.training.loop import fit
from deeplearning.training.metrics import predict


def pretrain(
    model: Any,
    x: np.ndarray,
    *,
    engine: Engine,
    optimizer: Callable[[Iterable[Any]], Any],
    epochs: int,
    batch_size: int,
    seed: int,
    corruption: float = 0.0,
    loss: Callable[[Any, Any], Any] | None = None,
) -> list[History]:
    r"""Pretrain the hidden layers of a multi-layer perceptron in place, one after the other, without labels.

    Hidden layer :math:`l` becomes the encoder of an autoencoder with a decoder of its own, and both learn to return
    :math:`H^{(l-1)}`, what the layers below, already pretrained and now fixed, make of ``x``. Then the decoder is
    thrown away, and the next layer's turn comes. The last layer, which gives scores, is left as it is.

    ``model`` is a ``Sequential`` of Linear layers with something between them, such as :func:`deeplearning.models.mlp`
    makes; ``x`` (N, D) floats. ``optimizer(parameters)`` makes the optimiser of one layer; each layer is trained for
    ``epochs`` epochs in an order drawn from ``seed``. ``corruption`` is the share of inputs set to 0 at random while
    the target stays whole: a denoising autoencoder :cite:`vincent2008`. ``loss`` is the cross-entropy in nats a
    sample, summed over its units, unless another is given; it needs activations in [0, 1], as a sigmoid's are.

    Returns the history of each layer. ``ValueError`` for a model of another form, a corruption outside [0, 1), or
    activations outside [0, 1] without a loss that can take them. Sources: :cite:`bengio2007`;
    :cite:`hinton2006science`, who stacked restricted Boltzmann machines.
    """
    if not 0 <= corruption < 1:
        raise ValueError(
            f"pretrain: corruption={corruption}; give a share with 0 <= corruption < 1"
        )

    def corrupt(inputs: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return inputs * (generator.random(inputs.shape) >= corruption)

    def cross_entropy(scores: Any, targets: Any) -> Any:
        # The mean over all numbers times the units of a sample: else a wide layer would learn more slowly.
        return engine.nn.BCEWithLogitsLoss()(scores, targets) * targets.shape[1]

    histories = []
    h = x  # activations of the layers that are finished, (N, D_l)
    for number, encoder in enumerate(hidden_layers(model, engine.nn)):
        if loss is None and not (h.min() >= 0 and h.max() <= 1):
            raise ValueError(
                f"pretrain: the inputs of hidden layer {number + 1} go from {h.min():.3g} to {h.max():.3g}, and "
                "cross-entropy needs [0, 1]; give loss=nn.MSELoss()"
            )
        linear = next(iter(encoder))
        decoder = engine.nn.Linear(linear.out_features, linear.in_features)
        pair = engine.nn.Sequential(
            *encoder, decoder
        )  # the model's own modules: they learn in place
        history = fit(
            pair, (h, h), engine=engine, optimizer=optimizer(pair.parameters()), epochs=epochs,
            loss=loss or cross_entropy, batch_size=batch_size, seed=seed + number,
            transform=corrupt if corruption else None,
        )  # fmt: skip
        histories.append(history)
        h = predict(engine.nn.Sequential(*encoder), h, engine)
    return histories


def hidden_layers(model: Any, nn: Any) -> list[list[Any]]:
    """Return the modules of each hidden layer: a Linear layer and all that follows it up to the next.

    ``ValueError`` unless the model is a ``Sequential`` that begins and ends with a Linear layer and has two or more.

    >>> from deeplearning import models, nn
    >>> [[type(module).__name__ for module in layer] for layer in hidden_layers(models.mlp([4, 3, 2]), nn)]
    [['Linear', 'ReLU']]
    """
    modules = list(model) if isinstance(model, nn.Sequential) else []
    starts = [place for place, module in enumerate(modules) if isinstance(module, nn.Linear)]
    if len(starts) < 2 or starts[0] != 0 or starts[-1] != len(modules) - 1:
        raise ValueError(
            f"pretrain: a {type(model).__name__} of {[type(module).__name__ for module in modules]}; "
            "give a Sequential of Linear layers with activations between them"
        )
    return [modules[a:b] for a, b in pairwise(starts)]
