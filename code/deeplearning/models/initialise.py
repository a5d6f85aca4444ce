"""Initialisation of whole networks: how large the random weights of every layer are at the start."""

from collections.abc import Callable
from typing import Any

from deeplearning import nn as own_nn

SCHEMES = ("small", "old", "glorot", "glorot_sigmoid", "he")


def linear_layers(model: Any, nn: Any = own_nn) -> list[Any]:
    """Return the fully connected layers of a model in the order in which they were assigned, inputs first.

    >>> [layer.out_features for layer in linear_layers(own_nn.Sequential(own_nn.Linear(3, 4), own_nn.ReLU()))]
    [4]
    """
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def initialise(model: Any, scheme: str, nn: Any = own_nn) -> Any:
    r"""Draw all weights of the model's fully connected layers anew, in place, and return the model; biases become 0.

    ``scheme`` says from what, for a layer of :math:`n_{in}` inputs and :math:`n_{out}` outputs:

    - ``"small"``: :math:`\mathcal{N}(0, 0.01^2)`, whatever the layer's size.
    - ``"old"``: :math:`U(-1/\sqrt{n_{in}}, 1/\sqrt{n_{in}})`, usual until 2010: a variance of :math:`1/(3 n_{in})`.
    - ``"glorot"``: variance :math:`2/(n_{in} + n_{out})` :cite:`glorot2010`.
    - ``"glorot_sigmoid"``: the same for sigmoids: :func:`glorot_sigmoid_`.
    - ``"he"``: variance :math:`2/n_{in}`, for ReLU :cite:`he2015`.

    ``nn`` is the namespace of the model's engine, whose random numbers are used. ``ValueError`` for another scheme or a
    model without such layers.

    >>> network = own_nn.Sequential(own_nn.Linear(1000, 500))
    >>> round(float(initialise(network, "he")[0].weight.data.std()), 3)  # √(2/1000)
    0.045
    """
    draw: dict[str, Callable[[Any], Any]] = {
        "small": lambda weight: nn.init.normal_(weight, 0.0, 0.01),
        "old": lambda weight: nn.init.kaiming_uniform_(weight, a=5**0.5),  # √3 · √(2/6) = 1
        "glorot": nn.init.xavier_uniform_,
        "glorot_sigmoid": nn.init.xavier_uniform_,
        "he": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    }
    if scheme not in SCHEMES:
        raise ValueError(f"initialise: scheme={scheme!r}; give one of {', '.join(SCHEMES)}")
    layers = linear_layers(model, nn)
    if not layers:
        raise ValueError("initialise: the model has no Linear layer; give a multi-layer perceptron")
    for number, layer in enumerate(layers):
        if scheme == "glorot_sigmoid" and number > 0:
            glorot_sigmoid_(layer, nn)
            continue
        draw[scheme](layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return model


def glorot_sigmoid_(layer: Any, nn: Any = own_nn) -> Any:
    r"""Draw a layer whose inputs are sigmoids: Glorot with gain 4, and a bias that takes their mean away.

    Near 0, :math:`\sigma(z) \approx \tfrac12 + \tfrac14 z`. The gain 4 undoes the slope, and the bias
    :math:`b_j = -\tfrac12 \sum_i W_{ji}` the constant, so that :math:`W h + b = W(h - \tfrac12)`. For a layer without
    bias only the weights are drawn.

    >>> layer = glorot_sigmoid_(own_nn.Linear(50, 50))
    >>> float(abs(layer.weight.data.sum(axis=1) / 2 + layer.bias.data).max()) < 1e-5
    True
    """
    nn.init.xavier_uniform_(layer.weight, gain=4.0)
    if layer.bias is not None:
        layer.bias.data = layer.weight.data.sum(1) / -2
    return layer
