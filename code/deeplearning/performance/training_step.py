"""The training step of a network on a device, ready to be timed against the same step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from deeplearning.engines import get
from deeplearning.performance.timing import Times

Batch = tuple[np.ndarray, np.ndarray]


class TrainingStep:
    r"""Forward pass, loss, backward pass and update of a network on PyTorch, on batches that lie on the device.

    :math:`\theta \leftarrow \theta - \eta\,\nabla_\theta L` with cross-entropy :math:`L`. Batches are copied to the
    device once, before any step, so that a step holds no transfer; `copy` is one transfer alone. A step only queues
    work on a GPU; `synchronise` waits until it is done.

    Args:
        make: `make(nn=…)` builds the network from an engine's namespace.
        start: its weights, name → array, so that every device begins with the same.
        batches: inputs (B, …) float32 and labels (B,) int64, used in turn.
        device: `"cpu"`, `"cuda"`, …
        threads: of PyTorch, for a step on the CPU.
        rate: η.

    Raises:
        ValueError: PyTorch cannot compute on the device, or no batch.

    >>> from deeplearning import models, nn
    >>> start = models.mlp([2, 3, 2]).state_dict()
    >>> batch = np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])
    >>> step = TrainingStep(lambda nn: models.mlp([2, 3, 2], nn=nn), start, [batch])
    >>> losses = step.losses(2)
    >>> len(losses), losses[1] < losses[0]
    (2, True)
    """

    def __init__(
        self,
        make: Callable[..., Any],
        start: Mapping[str, np.ndarray],
        batches: Sequence[Batch],
        device: str = "cpu",
        threads: int = 1,
        rate: float = 0.01,
    ) -> None:
        if not batches:
            raise ValueError("TrainingStep: no batch; give at least one pair of inputs and labels")
        self.engine = get("torch" if device == "cpu" else f"torch:{device}")
        self.device, self.threads, self.start = device, threads, start
        self.model = make(nn=self.engine.nn).to(device)
        self.loss = self.engine.nn.CrossEntropyLoss()
        self.optimizer = self.engine.optim.SGD(self.model.parameters(), lr=rate)
        self.host = batches[0]
        self.batches = [(self.engine.tensor(x), self.engine.tensor(y)) for x, y in batches]
        self.done = 0
        self.reset()

    def reset(self) -> None:
        """Put the first weights back."""
        self.engine.load(self.model, self.start)
        self.done = 0

    def __call__(self) -> Any:
        """Take one step, and return its loss where it is: reading it would wait for the device."""
        x, y = self.batches[self.done % len(self.batches)]
        self.done += 1
        self.optimizer.zero_grad()
        value = self.loss(self.model(x), y)
        value.backward()
        self.optimizer.step()
        return value.detach()

    def copy(self) -> None:
        """Copy a batch to the device as a loop without preparation would do it."""
        for array in self.host:
            self.engine.tensor(array)

    def synchronise(self) -> None:
        """Wait until the device has done what was queued."""
        if self.device.startswith("cuda"):
            import torch

            torch.cuda.synchronize(self.device)

    def losses(self, steps: int) -> list[float]:
        """Take steps from the first weights on, and return the loss before each."""
        self.reset()
        return [float(self().item()) for _ in range(steps)]

    def sample(self, work: Callable[[], Any], calls: int) -> float:
        """Return the seconds a call of some calls in a row, with the device idle before and after."""
        import torch

        if self.device == "cpu":
            torch.set_num_threads(self.threads)
        self.synchronise()
        # Wall time: a processor that waits for its GPU uses no processor time.
        began = time.perf_counter()
        for _ in range(calls):
            work()
        self.synchronise()
        return (time.perf_counter() - began) / calls


def alternate_steps(
    steps: Mapping[str, TrainingStep], rounds: int = 5, least: float = 0.02, seed: int = 0
) -> dict[str, Times]:
    """Time steps in turn, once a round, in an order drawn anew each round.

    The first two calls of each are not timed: memory is handed out, kernels are loaded and chosen.

    Args:
        steps: name → step.
        rounds: samples of each.
        least: seconds that a sample lasts at least, about.
        seed: of the order.

    Returns:
        Name → seconds a step.

    Raises:
        ValueError: no step, or fewer rounds than one.
    """
    if not steps or rounds < 1:
        raise ValueError(f"alternate_steps: needs a step and a round; got {len(steps)}, {rounds}")
    calls, found = {}, {name: np.zeros(rounds) for name in steps}
    for name, step in steps.items():
        step.sample(step, 1)
        calls[name] = max(1, round(least / max(step.sample(step, 1), 1e-9)))
    order = np.random.default_rng(seed)
    for number in range(rounds):
        for name in order.permutation(list(steps)):
            found[name][number] = steps[name].sample(steps[name], calls[name])
    return {name: Times(found[name], calls[name]) for name in steps}
