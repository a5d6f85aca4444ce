"""LeNet-5, written once for every engine."""

from typing import Any

from deeplearning import nn as own_nn

ACTIVATIONS = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "ReLU"}
POOLINGS = {"avg": "AvgPool2d", "max": "MaxPool2d"}
SIDE = 28  # pixels of the images that it takes


def chosen(
    name: str, activation: str, pooling: str, layers: tuple[str, ...], nn: Any
) -> tuple[Any, Any]:
    """Return the classes of an activation and a pooling from an engine's namespace.

    ``ValueError``, in the words of the network ``name``, for other names than those above, and for a namespace that
    lacks one of them or of ``layers``.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"{name}: activation={activation!r}; give one of {', '.join(ACTIVATIONS)}")
    if pooling not in POOLINGS:
        raise ValueError(f"{name}: pooling={pooling!r}; give one of {', '.join(POOLINGS)}")
    needed = (*layers, ACTIVATIONS[activation], POOLINGS[pooling])
    missing = [layer for layer in needed if not hasattr(nn, layer)]
    if missing:
        raise ValueError(
            f"{name}: {nn.__name__} has no {' and no '.join(missing)}; "
            "give the nn of another engine, such as nn=torch.nn"
        )
    return getattr(nn, ACTIVATIONS[activation]), getattr(nn, POOLINGS[pooling])


def lenet5(
    activation: str = "tanh", pooling: str = "avg", classes: int = 10, nn: Any = own_nn
) -> Any:
    """Make LeNet-5 :cite:`lecun1998` for images of 28 × 28 pixels, as it is built today.

    Convolution 1 → 6, 5 × 5; pooling 2 × 2; convolution 6 → 16, 5 × 5; pooling 2 × 2; layers 400 → 120 → 84 → classes.
    The paper's images have a margin, 32 × 32; here the first convolution adds it, ``padding=2``. What the paper has and
    this network has not: weights and a squashing function in its pooling, a table of which maps the second convolution
    reads, a scaled tanh, and Gaussian units at the end. The activation follows every layer but the last.

    ``activation`` is tanh, sigmoid or relu; ``pooling`` avg or max; ``classes`` a positive integer; ``nn`` is the
    namespace of an engine, and the result is its module. Input (N, 1, 28, 28), output scores (N, classes).
    ``ValueError`` for anything else, and for a namespace that lacks a layer.

    >>> import torch
    >>> network = lenet5(nn=torch.nn)
    >>> network(torch.zeros(2, 1, SIDE, SIDE)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([2, 10]), 61706)
    """
    squash, pool = chosen("lenet5", activation, pooling, ("Conv2d", "Flatten", "Linear"), nn)
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),  # (N, 6, 28, 28)
        squash(),
        pool(2),  # (N, 6, 14, 14)
        nn.Conv2d(6, 16, 5),  # (N, 16, 10, 10)
        squash(),
        pool(2),  # (N, 16, 5, 5)
        nn.Flatten(),
        nn.Linear(400, 120),
        squash(),
        nn.Linear(120, 84),
        squash(),
        nn.Linear(84, classes),
    )
