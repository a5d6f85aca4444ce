"""LeNet-5 trained on our kernels and on the vendor's, from the same weights on the same batches.

The network is that of LeCun, Bottou, Bengio and Haffner (Proceedings of the IEEE 86 (11), 1998) as it is taught today:
hyperbolic tangents, average pooling without weights, and a linear layer in place of Gaussian connections at the end.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from deepkernels.bench.contenders import Bench, Tensors, tf32
from deepkernels.bench.records import repository
from deepkernels.bench.session import Problem

LEARNING_RATE = 0.1
IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def lenet5(nn: Any) -> Any:
    """Return LeNet-5 for (N, 1, 28, 28) of a namespace with PyTorch's names.

    >>> sum(parameter.numel() for parameter in lenet5(torch.nn).parameters())
    61706
    """
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
    )


def digits(folder: Path) -> Tensors:
    """Read MNIST's training set: images (60000, 1, 28, 28), centred and scaled, and labels (60000,).

    Raises:
        ValueError: the files are not there.
    """
    if not (folder / IMAGES).is_file():
        raise ValueError(
            f"bench: LeNet-5 is trained on {folder / IMAGES}; run it in the repository"
        )
    pixels = torch.frombuffer(
        bytearray(gzip.decompress((folder / IMAGES).read_bytes())[16:]), dtype=torch.uint8
    )
    classes = torch.frombuffer(
        bytearray(gzip.decompress((folder / LABELS).read_bytes())[8:]), dtype=torch.uint8
    )
    images = pixels.reshape(-1, 1, 28, 28).float() / 255
    return (images - images.mean()) / images.std(), classes.long()


class Step:
    """One training step: forward, loss, backward, update; it returns the loss and all gradients."""

    def __init__(
        self, network: Any, loss: Callable[..., torch.Tensor], learning_rate: float
    ) -> None:
        self.network, self.loss = network, loss
        self.parameters = list(network.parameters())
        self.optimiser = torch.optim.SGD(self.parameters, lr=learning_rate)

    def __call__(self, images: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss(self.network(images), labels)
        loss.backward()
        self.optimiser.step()
        return [loss.detach(), *(p.grad for p in self.parameters if p.grad is not None)]


def networks(seed: int, device: torch.device) -> dict[str, tuple[Any, Callable[..., torch.Tensor]]]:
    """Return contender → (network, loss), all with the weights that PyTorch draws from the seed."""
    import deepkernels.nn as ours
    from deepkernels.loss import cross_entropy

    torch.manual_seed(seed)
    weights = lenet5(torch.nn).state_dict()
    found = {}
    for name, namespace, loss in (
        ("ours", ours, cross_entropy),
        ("vendor", torch.nn, F.cross_entropy),
        ("vendor-ieee", torch.nn, F.cross_entropy),
    ):
        network = lenet5(namespace).to(device)
        network.load_state_dict(weights)
        found[name] = network, loss
    return found


def problem(bench: Bench, folder: Path | None = None) -> Problem:
    """Return LeNet-5's training step as a problem, with whole trainings beside it.

    A timed step has a learning rate of zero: it does all of the work, and the next step starts from the same weights,
    so that its loss and gradients can be checked before and after.
    """
    images, labels = digits(folder or repository() / "data" / "mnist")
    batch = bench.case.shape["B"]
    steps = {
        name: Step(network, loss, learning_rate=0.0)
        for name, (network, loss) in networks(0, bench.device).items()
        if name != "vendor-ieee"
    }
    generator = torch.Generator().manual_seed(0)

    def make() -> Tensors:
        chosen = torch.randint(len(images), (batch,), generator=generator)
        return images[chosen].to(bench.device), labels[chosen].to(bench.device)

    def reference(x: torch.Tensor, classes: torch.Tensor) -> list[torch.Tensor]:
        torch.manual_seed(0)
        exact = lenet5(torch.nn).to(bench.device, x.dtype)
        return Step(exact, F.cross_entropy, learning_rate=0.0)(x, classes)

    found = bench.problem(make, steps, reference)
    # Ten layers, forward and backward, each rounding what the one before gave it.
    found.roundings = 10
    found.training = lambda: trained(bench, images, labels)
    return found


def trained(bench: Bench, images: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
    """Train every contender over several seeds; returns the loss of each step by contender and seed."""
    shape, device = bench.case.shape, bench.device
    images, labels = images.to(device), labels.to(device)
    losses: dict[str, list[list[float]]] = {}
    for seed in range(shape["seeds"]):
        for name, (network, loss) in networks(seed, device).items():
            step = Step(network, loss, LEARNING_RATE)
            generator = torch.Generator().manual_seed(seed)
            curve = []
            with tf32(name != "vendor-ieee"):
                for _ in range(shape["steps"]):
                    chosen = torch.randint(len(images), (shape["B"],), generator=generator).to(
                        device
                    )
                    curve.append(step(images[chosen], labels[chosen])[0])
            values = [float(f"{value:.6g}") for value in torch.stack(curve).tolist()]
            losses.setdefault(name, []).append(values)
    return {"losses": losses, "learning_rate": LEARNING_RATE, "batch": shape["B"]}
