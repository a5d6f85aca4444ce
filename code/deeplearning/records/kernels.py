"""Reading what the kernel benchmark wrote on a GPU: `results/kernels/<operation>-<machine>.json`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np

from deeplearning.records.errors import RecordError
from deeplearning.records.store import repository

REMEDY = "restore the file (git checkout) or renew it on a machine with a GPU: make bench"
NOT_MEASURED = "not yet measured on a GPU"

Case = dict[str, Any]


@dataclass(frozen=True)
class KernelRecord:
    """One operation's times on one machine; `load_kernels` makes it.

    Attributes:
        content: the file's content; a case has its `contenders` (`ours`, `vendor`, `compile`, `eager`, rungs), each
            with `median`, `percentile_20`, `percentile_80` (seconds a call), `n`, `launch` (seconds on the host) and
            `samples`; `attained` is ours' share of the attainable speed.
        path: where it was read, or None.

    >>> record = KernelRecord.example()
    >>> record.op, record.machine, record.gpu, round(record.ratio("large/64x64x64/bf16"), 6)
    ('matmul', 'example', 'Example GPU', 1.25)
    """

    content: dict[str, Any]
    path: Path | None = None

    @property
    def op(self) -> str:
        """The operation: matmul, conv2d, pool2d, recurrent, loss, fused, lenet."""
        return str(self.content["op"])

    @property
    def machine(self) -> str:
        """The machine as file names have it: h200."""
        return str(self.content["id"]).removeprefix(f"{self.op}-")

    @property
    def gpu(self) -> str:
        """The GPU's name, of the latest run."""
        return str(self.latest["gpu"])

    @cached_property
    def latest(self) -> dict[str, Any]:
        """The latest run that a case belongs to: GPU, driver, software, commit, roofs, time."""
        runs = {case["run"] for case in self.content["cases"]}
        found: dict[str, Any] = self.content["runs"][max(runs)]
        return found

    @property
    def roofs(self) -> dict[str, Any]:
        """What the machine does at most, as measured in the latest run: `flops` by dtype, `bandwidth` (bytes/s)."""
        found: dict[str, Any] = self.latest["roofs"]
        return found

    @cached_property
    def cases(self) -> dict[str, Case]:
        """Key ("large/4096x4096x4096/bf16") → case; those that failed are left out."""
        return {case["key"]: case for case in self.content["cases"] if not case["failures"]}

    @property
    def failures(self) -> dict[str, list[str]]:
        """Key → why a case is invalid."""
        return {case["key"]: case["failures"] for case in self.content["cases"] if case["failures"]}

    def group(self, name: str) -> list[Case]:
        """The valid cases of a group, by key."""
        return [case for case in self.cases.values() if case["group"] == name]

    def seconds(self, key: str, contender: str = "ours") -> float:
        """A contender's median time.

        Raises:
            RecordError: the record has no such case, or no time of the contender.
        """
        if key not in self.cases:
            raise RecordError(f"{self.content['id']} has no valid case {key!r}; {REMEDY}")
        times = self.cases[key]["contenders"].get(contender, {})
        if "median" not in times:
            raise RecordError(f"{self.content['id']}: case {key!r} has no time of {contender!r}")
        return float(times["median"])

    def ratio(self, key: str, peer: str = "vendor") -> float:
        """The peer's time ÷ ours; above 1, ours is quicker."""
        return self.seconds(key, peer) / self.seconds(key)

    def tflops(self, key: str, contender: str = "ours") -> float:
        """Speed in 10¹² operations a second."""
        return float(self.cases[key]["flops"] / self.seconds(key, contender) / 1e12)

    def mean_ratio(self, group: str, peer: str = "vendor") -> float:
        """Geometric mean over a group of the peer's time ÷ ours; NaN if no case has both."""
        keys = [
            case["key"]
            for case in self.group(group)
            if "median" in case["contenders"].get(peer, {})
        ]
        ratios = [self.ratio(key, peer) for key in keys]
        return float(np.exp(np.mean(np.log(ratios)))) if ratios else float("nan")

    @cached_property
    def stale(self) -> bool:
        """Whether the kernels have changed since any valid case was timed."""
        from deepkernels.bench.digest import digest  # a package without NumPy, needed here alone

        try:
            now = digest(self.op)
        except (OSError, SyntaxError, ValueError):
            return True
        return any(case["digest"] != now for case in self.cases.values())

    @classmethod
    def example(cls, **changes: Any) -> KernelRecord:
        """A small made-up record for doctests and tests; `changes` replace parts of the content."""
        error = {"accepted": 0.004, "frobenius": 0.002, "largest": 0.003, "right": True}

        def times(median: float) -> dict[str, Any]:
            return {
                "median": median,
                "percentile_20": median * 0.8,
                "percentile_80": median * 1.2,
                "n": 3,
                "launch": 1e-5,
                "samples": [median * 2 / 3, median, median * 4 / 3],
                "error_before": error,
                "error_after": error,
            }

        case = {
            "key": "large/64x64x64/bf16", "op": "matmul", "group": "large", "name": "64x64x64", "dtype": "bf16",
            "shape": {"M": 64, "K": 64, "N": 64}, "flops": 524288.0, "bytes": 24576.0,
            "bytes_are": "minimal: every tensor once", "bound": "compute", "attained": 0.5,
            "contenders": {"ours": times(4e-6), "vendor": times(5e-6)}, "order": ["ours", "vendor"],
            "configuration": None, "reference": "float64", "replayed": True, "calls_a_sample": 250, "buffer_sets": 64,
            "seed": 0, "digest": "0" * 64, "run": 0, "time": "2026-01-01T00:00:00Z", "state_before": {},
            "state_after": {}, "failures": [],
        }  # fmt: skip
        run = {
            "gpu": "Example GPU", "driver": "1.0", "processors": 4, "time": "2026-01-01T00:00:00Z", "commit": None,
            "software": {"python": "3.11.0", "torch": "2.11.0", "triton": "3.6.0"},
            "roofs": {"machine": "Example GPU", "flops": {"bf16": 262144e6}, "bandwidth": 1e12, "source": "made up"},
        }  # fmt: skip
        content = {
            "schema": 1, "id": "matmul-example", "op": "matmul", "command": "python -m deepkernels.bench matmul",
            "runs": [run], "cases": [case],
        }  # fmt: skip
        return cls(content | changes)


def kernels_folder() -> Path:
    """Where the records of kernels lie: `results/kernels` of the repository."""
    return repository() / "results" / "kernels"


def measured_kernels(op: str, folder: str | Path | None = None) -> list[str]:
    """Return the machines on which an operation was measured, in order: empty if on none yet.

    >>> measured_kernels("matmul", folder="/nowhere")
    []
    """
    place = Path(folder) if folder is not None else kernels_folder()
    return sorted(path.stem.removeprefix(f"{op}-") for path in place.glob(f"{op}-*.json"))


def load_kernels(
    op: str, machine: str | None = None, folder: str | Path | None = None
) -> KernelRecord:
    """Read and check the record of an operation.

    Args:
        op: matmul, conv2d, pool2d, recurrent, loss, fused, lenet.
        machine: as in the file's name, "h200"; the only one there is if None.
        folder: where the files lie; `results/kernels` of the repository if None.

    Raises:
        RecordError: it is missing, broken, not such a record or was changed by hand; the message names the file and
            what to do.
    """
    place = Path(folder) if folder is not None else kernels_folder()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", op):
        raise RecordError(f"an operation is small letters and digits such as 'matmul'; got {op!r}")
    if machine is None:
        machines = measured_kernels(op, place)
        if not machines:
            raise RecordError(f"{op} is {NOT_MEASURED}: no record {place}/{op}-*.json; make bench")
        if len(machines) > 1:
            raise RecordError(f"{op} was measured on {', '.join(machines)}: name one of them")
        machine = machines[0]
    path = place / f"{op}-{machine}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(f"{op} is {NOT_MEASURED}: no record {path}; make bench") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"{path} is not whole JSON ({error}); {REMEDY}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} cannot be read ({error}); {REMEDY}") from error
    if problem := check_kernels(content):
        raise RecordError(f"{path} is no valid record: {problem}; {REMEDY}")
    if content["id"] != path.stem:
        raise RecordError(f"{path} holds the record {content['id']!r}; {REMEDY}")
    return KernelRecord(content, path)


@cache
def _validator() -> jsonschema.protocols.Validator:
    path = Path(__file__).with_name("kernels.schema.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_kernels(content: Any) -> str | None:
    """What is wrong with a record's content, in one line; None if nothing.

    Besides the schema, medians must follow from samples and shares of the roof from medians: a number that was changed
    by hand does not pass.
    """
    error = jsonschema.exceptions.best_match(_validator().iter_errors(content))
    if error is not None:
        place = ".".join(str(part) for part in error.absolute_path) or "the whole file"
        return f"at {place}: {error.message[:200]}"
    if content["id"].partition("-")[0] != content["op"]:
        return f"its id {content['id']!r} is not of {content['op']!r}"
    keys = [case["key"] for case in content["cases"]]
    if len(set(keys)) < len(keys):
        return "a case occurs twice"
    for case in content["cases"]:
        if problem := _case_problem(case, content["runs"]):
            return f"case {case['key']}: {problem}"
    return None


def _case_problem(case: Case, runs: list[dict[str, Any]]) -> str | None:
    if case["run"] >= len(runs):
        return f"run {case['run']} of {len(runs)}"
    if set(case["order"]) != set(case["contenders"]):
        return "its order does not name its contenders"
    for name, times in case["contenders"].items():
        if "median" not in times:
            continue
        for percent, key in ((50, "median"), (20, "percentile_20"), (80, "percentile_80")):
            # Samples are kept to six digits.
            if not np.isclose(
                np.percentile(times["samples"], percent), times[key], rtol=1e-5, atol=0
            ):
                return f"the {key} of {name} is not that of its samples"
        if len(times["samples"]) != times["n"]:
            return f"{name} has {len(times['samples'])} samples, not {times['n']}"
    ours = case["contenders"].get("ours", {}).get("median")
    roofs = runs[case["run"]]["roofs"]
    if ours is None or case["dtype"] not in roofs["flops"]:
        return None
    least = max(case["flops"] / roofs["flops"][case["dtype"]], case["bytes"] / roofs["bandwidth"])
    if case["attained"] is None or not np.isclose(
        least / ours, case["attained"], rtol=1e-6, atol=0
    ):
        return "its share of the attainable speed is not that of its time and roofs"
    return None
