"""A training step of an LSTM, hidden size 256, on 32 sequences of 64 steps of 64 numbers."""

from collections.abc import Callable

import numpy as np

WHAT = "LSTM, hidden 256, input 64, batch 32, length 64, float32: forward + backward + SGD step"
TARGET = 1.3  # the engine's time ÷ PyTorch's, stated before measuring
MEMORY = 0.5  # and its peak memory ÷ PyTorch's
WARM_UP, STEPS = 10, 40
STEPS_OF_TIME, BATCH, INPUT, HIDDEN, RATE = 64, 32, 64, 256, 10.0


def of_engine(name: str) -> Callable[[], float]:
    """Return the training step on an engine: the loss is the mean square of all outputs."""
    from deeplearning import engines

    engine = engines.get(name)
    if name == "numpy":
        from deeplearning.nn.recurrent import LSTM
    else:
        from torch.nn import LSTM  # type: ignore[assignment]

    generator = np.random.default_rng(0)
    x = generator.standard_normal((STEPS_OF_TIME, BATCH, INPUT), np.float32)
    layer = LSTM(INPUT, HIDDEN)
    bound = HIDDEN**-0.5
    start = {}
    for kind, shape in (
        ("weight_ih", (4 * HIDDEN, INPUT)), ("weight_hh", (4 * HIDDEN, HIDDEN)),
        ("bias_ih", (4 * HIDDEN,)), ("bias_hh", (4 * HIDDEN,)),
    ):  # fmt: skip
        start[f"{kind}_l0"] = generator.uniform(-bound, bound, shape).astype(np.float32)
    engine.load(layer, start)
    optimizer = engine.optim.SGD(layer.parameters(), lr=RATE)
    inputs = engine.tensor(x)

    def step() -> float:
        optimizer.zero_grad()
        output, _ = layer(inputs)
        loss = (output * output).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


CONTENDERS = {"engine": lambda: of_engine("numpy"), "torch": lambda: of_engine("torch")}
