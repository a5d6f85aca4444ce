"""A small repository with experiments of its own, for each test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deeplearning import records
from deeplearning.experiments.cli import main
from deeplearning.records import Record

TOY = '''
"""{id}: a toy claim."""
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deeplearning.experiments import Experiment, Metrics, Verdict

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Config:
    epochs: int = 4
    rates: tuple[float, ...] = (0.1, 0.01)
    name: str | None = None

    @classmethod
    def smoke(cls) -> "Config":
        return cls(epochs=1)


def run(config, seed, case=""):
    with (HERE / "log").open("a") as log:
        log.write(f"{id} {{seed}} {{case}}".rstrip() + "\\n")
    mishap = (HERE / "mishap").read_text() if (HERE / "mishap").exists() else ""
    what, _, where = mishap.partition(" ")
    what = what if where == f"{{seed}} {{case}}".rstrip() else ""
    if what == "crash":
        raise RuntimeError("planted crash")
    if what == "interrupt":
        raise KeyboardInterrupt
    if what == "kill":
        ends = time.monotonic() + 30
        kept = HERE.parent / "_build" / "experiments" / "{id}"
        before = {{f"{{number}}-{{one}}.json" for number in range(seed) for one in "ba"}}
        while not before <= {{path.name for path in kept.glob("*/*.json")}} and time.monotonic() < ends:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "nan":
        return {{"accuracy": float("nan"), "losses": [1.0]}}
    generator = np.random.default_rng(seed)
    values = {{"accuracy": generator.random(), "losses": generator.random(config.epochs), "global": np.random.random()}}
    return {{f"{{name}}_{{case}}": value for name, value in values.items()}} if case else values


def criterion(metrics):
    mean = metrics.mean("accuracy") if "accuracy" in metrics else 0.5
    return Verdict("holds" if mean > 0 else "does not hold", f"mean accuracy {{mean:.3f}}")


EXPERIMENT = Experiment(
    id="{id}", chapter="neurons/perceptron", claim="{id} is a toy.",
    criterion_text="holds if the mean accuracy is above 0; else does not hold",
    config=Config, run=run, criterion=criterion, cost_seconds={cost}{more})
'''


class Workshop:
    """A folder with experiments, and the commands on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "experiments"
        self.folder.mkdir()
        self.claims = root / "results" / "claims"

    def add(
        self,
        id: str = "N1",
        change: Callable[[str], str] = str,
        cost: float = 1.0,
        more: str = "",
        cases: tuple[str, ...] = (),
    ) -> Path:
        more += f", cases=lambda config: {cases}" if cases else ""
        path = self.folder / f"{id.lower()}_toy.py"
        path.write_text(change(TOY.format(id=id, cost=cost, more=more)), encoding="utf-8")
        return path

    def mishap(self, text: str) -> None:
        (self.folder / "mishap").write_text(text, encoding="utf-8")

    def main(self, *arguments: str) -> int:
        one = () if "--jobs" in arguments or arguments[:1] != ("run",) else ("--jobs", "1")
        return main([*arguments, *one], self.folder, self.root)

    def ran(self) -> list[str]:
        """Which runs were begun since the last call, as each of them wrote it to disk: `N1 3`, or `N1 3 adam`."""
        log = self.folder / "log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def record(self, id: str = "N1") -> Record:
        return records.load(id, self.claims, self.root)

    def content(self, id: str = "N1") -> dict[str, Any]:
        return json.loads((self.claims / f"{id}.json").read_text(encoding="utf-8"))


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)
