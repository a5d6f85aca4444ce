"""One contender, one process: steps of one workload, timed one by one.

`python benchmarks/contender.py mlp_step engine` prints one line of JSON. A workload is a module beside this one with
`WHAT`, `TARGET`, `MEMORY`, `WARM_UP`, `STEPS` and `CONTENDERS`, which makes the step of each contender. Every contender
starts from the same weights, sees the same batch, and does the same arithmetic in float32.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def training_step(
    engine_name: str, make: Callable[[Any], Any], state: dict[str, np.ndarray],
    x: np.ndarray, labels: np.ndarray, rate: float,
) -> Callable[[], float]:  # fmt: skip
    """Return a step of plain SGD on one batch: the book's one definition of a network, `make(nn)`, on an engine."""
    from deeplearning import engines

    engine = engines.get(engine_name)
    model = make(engine.nn)
    engine.load(model, state)
    optimizer, loss = engine.optim.SGD(model.parameters(), lr=rate), engine.nn.CrossEntropyLoss()
    inputs, targets = engine.tensor(x), engine.tensor(labels)

    def step() -> float:
        optimizer.zero_grad()
        value = loss(model(inputs), targets)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def memory() -> float:
    """Return the largest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    """Warm up, time every step, and print what was found."""
    workload = importlib.import_module(sys.argv[1])
    step = workload.CONTENDERS[sys.argv[2]]()
    losses = [step() for _ in range(workload.WARM_UP)]
    seconds = []
    for _ in range(workload.STEPS):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    few = losses[:: workload.WARM_UP // 5]
    print(json.dumps({"losses": few, "seconds": seconds, "peak_mib": memory()}))


if __name__ == "__main__":
    main()
