"""One contender, one process: training steps of an MLP 784-256-128-10 on batches of 128, timed one by one.

`python benchmarks/mlp_step.py engine|torch|bare` prints one line of JSON. Every contender starts from the same weights,
sees the same batch, and does the same arithmetic in float32: forward, backward, one step of plain SGD.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

SIZES = (784, 256, 128, 10)
BATCH, RATE = 128, 0.1
WARM_UP, STEPS = 50, 300


def start() -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return inputs (128, 784), labels (128,), and each layer's weight (out, in) and bias (out,)."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((BATCH, SIZES[0]), np.float32)
    labels = generator.integers(0, SIZES[-1], BATCH)
    layers = []
    for inputs, outputs in pairwise(SIZES):
        bound = inputs**-0.5
        weight = generator.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
        layers.append((weight, generator.uniform(-bound, bound, outputs).astype(np.float32)))
    return x, labels, layers


def of_engine(name: str) -> Callable[[], float]:
    """Return the training step of the book's one definition of the network, on an engine."""
    from deeplearning import engines, models

    x, labels, layers = start()
    engine = engines.get(name)
    model = models.mlp(SIZES, nn=engine.nn)
    state = {}
    for i, (weight, bias) in enumerate(layers):  # activations take every second place
        state |= {f"{2 * i}.weight": weight, f"{2 * i}.bias": bias}
    engine.load(model, state)
    optimizer, loss = engine.optim.SGD(model.parameters(), lr=RATE), engine.nn.CrossEntropyLoss()
    inputs, targets = engine.tensor(x), engine.tensor(labels)

    def step() -> float:
        optimizer.zero_grad()
        value = loss(model(inputs), targets)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def bare() -> Callable[[], float]:
    """Return the same step written out by hand in NumPy, with no engine: what an engine's generality is measured by."""
    x, labels, layers = start()
    weights = [np.ascontiguousarray(weight.T) for weight, _ in layers]  # (in, out)
    biases = [bias for _, bias in layers]
    samples = np.arange(BATCH)

    def step() -> float:
        outputs = [x]
        for weight, bias in zip(weights, biases, strict=True):
            z = outputs[-1] @ weight
            z += bias
            outputs.append(np.maximum(z, 0, out=z) if weight is not weights[-1] else z)
        z = outputs.pop()
        z -= z.max(axis=1, keepdims=True)
        chosen = z[samples, labels]
        np.exp(z, out=z)
        total = z.sum(axis=1)
        loss = float((np.log(total) - chosen).mean())
        z /= total[:, None]
        z[samples, labels] -= 1
        z *= RATE / BATCH  # the learning rate folded in: gradients arrive as steps
        for i in reversed(range(len(weights))):
            step_weight, step_bias = outputs[i].T @ z, z.sum(axis=0)
            if i:
                z = z @ weights[i].T
                z *= outputs[i] > 0
            weights[i] -= step_weight
            biases[i] -= step_bias
        return loss

    return step


def memory() -> float:
    """Return the largest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


CONTENDERS = {
    "engine": lambda: of_engine("numpy"),
    "torch": lambda: of_engine("torch"),
    "bare": bare,
}


def main() -> None:
    """Warm up, time every step, and print what was found."""
    name = sys.argv[1]
    step = CONTENDERS[name]()
    losses = [step() for _ in range(WARM_UP)]
    seconds = []
    for _ in range(STEPS):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"losses": losses[:: WARM_UP // 5], "seconds": seconds, "peak_mib": memory()}))


if __name__ == "__main__":
    main()
