"""S5: the LSTM with one of its parts removed, on a problem that asks for remembering and one that asks for forgetting.

Adding: two of the values of a sequence are marked, one in each half, and their sum is asked for after the last step.
Restarts: at every step the sum of the marked values since the last restart is asked for; steps are marked, and restarts
come, at random.

``nothing`` is removed from the whole LSTM. Without the ``input``, ``forget`` or ``output`` gate that gate is 1 at every
step. Two parts that are no gates are removed as well and reported beside the claim: the tanh of the ``candidate``, and,
as ``both``, the independence of input and forget gate, :math:`i = 1 - f`. All have the same number of cells and start
from the same weights. Adam on batches of fresh sequences, gradients clipped to the length 1, the rate falling linearly
to 0; the number of steps is the same for all, and nothing is stopped early.

Rate and bias are those of S2. Looks at seed 100, which is not among those of the record, at sequences of 30 steps with
800 steps of training for adding and 400 for restarts, and for the whole LSTM at 20 with 400 and 300, chose length and
number of steps: few enough for the budget of time, and enough for the whole LSTM to solve the adding problem.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from deeplearning import engines
from deeplearning.data.long_memory import adding, restarts
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.gated import PARTS, gated

PROBLEMS = ("adding", "restarts")
GATES = ("input", "forget", "output")
WORSE = 2.0  # the least factor of the error that counts as needing a gate
TEST = 10**6  # added to the seeds of the test sequences


@dataclass(frozen=True)
class Config:
    length: int = 20
    hidden: int = 16
    rate: float = 0.02
    forget_bias: float = 2.0
    clip: float = 1.0
    batch_size: int = 32
    steps_adding: int = 400
    steps_restarts: int = 300
    test: int = 2000

    @classmethod
    def smoke(cls) -> "Config":
        return cls(length=4, hidden=3, batch_size=4, steps_adding=2, steps_restarts=2, test=8)


def cases(config: Config) -> Sequence[str]:
    return [f"{problem}_{part}" for problem in PROBLEMS for part in PARTS]


def material(config: Config, problem: str, n: int, seed: int) -> tuple[Any, Any]:
    """Return n sequences and their answers (N, 1) or (N, T) as PyTorch tensors."""
    x, y = (adding if problem == "adding" else restarts)(n, config.length, seed)
    return torch.from_numpy(x), torch.from_numpy(y)


def answer(problem: str, model: Any, x: Any) -> Any:
    """Return the network's answers: after the last step (N, 1), or after every step (N, T)."""
    if problem == "adding":
        return model(x)
    states = torch.stack([h for _, h in model.walk(x)], 1)  # (N, T, H)
    return model.readout(states)[:, :, 0]


def train(config: Config, problem: str, part: str, seed: int) -> Any:
    """Return an LSTM without one of its parts, trained."""
    engine = engines.get("torch")
    engine.manual_seed(seed)
    model = gated(2 if problem == "adding" else 3, config.hidden, without=part, nn=engine.nn)
    with engine.no_grad():
        model.input.bias[config.hidden : 2 * config.hidden] = config.forget_bias
    optimizer = engine.optim.Adam(model.parameters(), lr=config.rate)
    loss = engine.nn.MSELoss()
    steps = config.steps_adding if problem == "adding" else config.steps_restarts
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = config.rate * (1 - step / steps)
        x, y = material(config, problem, config.batch_size, steps * seed + step)
        optimizer.zero_grad()
        loss(answer(problem, model, x), y).backward()
        engine.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()
    return model


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    problem, part = case.split("_")
    torch.set_flush_denormal(True)
    try:
        model = train(config, problem, part, seed)
        x, y = material(config, problem, config.test, TEST + seed)
        with torch.no_grad():
            error = float(((answer(problem, model, x) - y) ** 2).mean())
    finally:
        torch.set_flush_denormal(False)
    values: dict[str, float | list] = {f"error_{case}": error}
    if part == PARTS[0]:
        # The error of always giving the mean answer, the best that needs no memory.
        values[f"constant_{problem}"] = float(y.var(0, unbiased=False).mean())
    return values


def worse(metrics: Metrics, problem: str, part: str) -> tuple[float, float]:
    """Mean over seeds of the base-2 logarithm of the error without a part over that of the whole; standard error."""
    ratios = np.log2(metrics[f"error_{problem}_{part}"] / metrics[f"error_{problem}_{PARTS[0]}"])
    spread = ratios.std(ddof=1) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0.0
    return float(ratios.mean()), float(spread)


def needed(metrics: Metrics, problem: str, part: str) -> bool:
    """Whether the error without a part is more than twice that of the whole, and so by more than 3 standard errors."""
    mean, spread = worse(metrics, problem, part)
    return mean > max(math.log2(WORSE), 3 * spread)


def criterion(metrics: Metrics) -> Verdict:
    parts = []
    for problem in PROBLEMS:
        factors = " / ".join(f"{2 ** worse(metrics, problem, gate)[0]:.1f}" for gate in GATES)
        parts.append(f"{problem} {factors}")
    headline = (
        "error without the input / forget / output gate, over that of the LSTM: " + "; ".join(parts)
    )
    count = sum(any(needed(metrics, problem, gate) for problem in PROBLEMS) for gate in GATES)
    if count == len(GATES):
        return Verdict("holds", headline)
    return Verdict("holds partly" if count else "does not hold", headline)


EXPERIMENT = Experiment(
    id="S5",
    chapter="sequences/lstm-and-gru",
    claim="Every gate of the LSTM is needed.",
    criterion_text=(
        "a gate is needed if, with it fixed at 1, the test error after as many steps is more than twice that of the "
        "whole LSTM (mean over seeds of the logarithm of the ratio, paired by seed) and larger by more than 3 standard "
        "errors, on the adding problem or on adding with restarts. Holds if all three gates are needed, holds partly "
        "if one or two are; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=120,
)
