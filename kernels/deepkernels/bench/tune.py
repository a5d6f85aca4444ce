"""`python -m deepkernels.bench.tune OP`: try other tile configurations on this GPU and keep those that are quicker.

Each configuration of configs/<op>.json is varied where it is used: on the benchmark's cases that choose it. A candidate
must compute the right result on all of them, and its score is the geometric mean of its times. From the present one the
search goes to its best neighbour as long as that is quicker by more than the noise.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from deepkernels import configs, launch
from deepkernels.bench import correctness, launches, machine, records
from deepkernels.bench.session import Problem
from deepkernels.bench.shapes import Case, cases
from deepkernels.bench.timing import Clock, Plan, geometric_mean, measure
from deepkernels.configs import Config

#: A neighbour must be quicker by this factor to be taken: less is noise.
GAIN = 1.01
MOST_CASES = 4
LIMITS = {"BLOCK": (16, 256), "num_warps": (2, 16), "num_stages": (1, 7)}
CHOICES = {
    "GROUP": (1, 4, 8, 16),
    "HALVES": (1, 2),
    "STEPS": (1, 2, 4, 8),
    "PER_PROCESSOR": (1, 2, 3, 4),
}

Score = Callable[[Config], float | None]


def neighbours(config: Config) -> Iterator[Config]:
    """Yield the configurations that differ in one number: a tile's side halved or doubled, warps, stages, a switch.

    >>> start = Config("c", "m:f", {"BLOCK_M": 16, "FLATTEN": True}, num_warps=4, num_stages=1)
    >>> [(one.meta["BLOCK_M"], one.meta["FLATTEN"], one.num_warps, one.num_stages) for one in neighbours(start)]
    [(32, True, 4, 1), (16, False, 4, 1), (16, True, 2, 1), (16, True, 8, 1), (16, True, 4, 2)]
    """
    for name, value in config.meta.items():
        for other in _others(name, value):
            yield replace(config, meta={**config.meta, name: other})
    for warps in _halved_and_doubled(config.num_warps, *LIMITS["num_warps"]):
        yield replace(config, num_warps=warps)
    least, most = LIMITS["num_stages"]
    for stages in (config.num_stages - 1, config.num_stages + 1):
        if least <= stages <= most:
            yield replace(config, num_stages=stages)


def _others(name: str, value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if name in CHOICES:
        return [other for other in CHOICES[name] if other != value]
    if name.startswith("BLOCK") and isinstance(value, int):
        return _halved_and_doubled(value, *LIMITS["BLOCK"])
    return []


def _halved_and_doubled(value: int, least: int, most: int) -> list[int]:
    return [other for other in (value // 2, value * 2) if least <= other <= most]


def search(
    start: Config,
    score: Score,
    over: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = print,
) -> tuple[Config, float, float]:
    """Walk from a configuration to quicker neighbours; returns the best, its score and the start's.

    Args:
        start: the present configuration.
        score: seconds of a configuration, None if it does not run or is wrong.
        over: whether time is up.
        say: gets a line a step.

    Raises:
        ValueError: the start itself has no score.
    """
    first = score(start)
    if first is None:
        raise ValueError(f"bench: the present configuration {start.name} does not run or is wrong")
    best, least, seen = start, first, {_key(start)}
    while not over():
        scores: list[tuple[float, Config]] = []
        for candidate in neighbours(best):
            if _key(candidate) in seen or over():
                continue
            seen.add(_key(candidate))
            found = score(candidate)
            if found is not None:
                scores.append((found, candidate))
        if not scores:
            break
        seconds, candidate = min(scores, key=lambda one: one[0])
        if seconds * GAIN > least:
            break
        say(f"  {start.name}: {least / seconds:.3f} × quicker with {candidate.launch_arguments()}")
        best, least = candidate, seconds
    return best, least, first


def _key(config: Config) -> str:
    return json.dumps(config.launch_arguments(), sort_keys=True)


@contextlib.contextmanager
def replaced(op: str, config: Config) -> Iterator[None]:
    """Have operations find `config` in place of the configuration of its name."""
    original = configs.load
    entries = tuple(config if one.name == config.name else one for one in original(op))
    configs.load = lambda name: entries if name == op else original(name)  # type: ignore[assignment]
    _forget_choices()
    try:
        yield
    finally:
        configs.load = original
        _forget_choices()


def _forget_choices() -> None:
    """Operations may remember what they chose for a shape."""
    for name, module in list(sys.modules.items()):
        if name.startswith("deepkernels.") and not name.startswith(
            ("deepkernels.bench", "deepkernels.configs")
        ):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def launched(config: Config, found: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether a configuration is among recorded launches: its kernel, warps, stages, and constants.

    Numbers of the configuration that are no constants of the kernel (they shape the grid) cannot be seen there.
    """
    return any(
        one["kernel"] == config.kernel
        and all(_constant(one["meta"], name, value) == value for name, value in config.meta.items())
        and one.get("num_warps") == config.num_warps
        and one.get("num_stages") == config.num_stages
        for one in found or ()
    )


def _constant(meta: Mapping[str, Any], name: str, unseen: Any) -> Any:
    """Return a launched constant; a side that counts pixels is launched as a box of images, rows and columns."""
    box = [meta.get(f"BLOCK_{axis}") for axis in "BHW"]
    if name not in meta and name.startswith("BLOCK") and None not in box:
        return math.prod(box)
    return meta.get(name, unseen)


def users(
    entries: Sequence[Config], launches_of: Mapping[Case, Sequence[Mapping[str, Any]] | None]
) -> dict[str, list[Case]]:
    """Return, for each configuration by name, the cases that launch it, at most `MOST_CASES` spread over all."""
    found = {}
    for config in entries:
        chosen = [case for case, seen in launches_of.items() if launched(config, seen)]
        step = max(1, len(chosen) // MOST_CASES)
        found[config.name] = chosen[::step][:MOST_CASES]
    return found


def scored(op: str, problems: Mapping[Case, Problem], clock: Clock, plan: Plan) -> Score:
    """Return a function that scores a configuration on cases: None unless it is launched, runs and is right on each."""

    def score(config: Config) -> float | None:
        times = []
        for case, problem in problems.items():
            work = problem.contenders["ours"]
            with replaced(op, config):
                try:
                    with launches.recorded() as found:
                        work(0)
                    right = (
                        launched(config, found)
                        and correctness.check(
                            work, problem.expected(), case.dtype, case.terms, problem.roundings
                        )["right"]
                    )
                except Exception:  # most candidates that fail want more memory than there is
                    return None
                if not right:
                    return None
                measured = measure({"ours": work}, clock, plan, seed=0, sets=problem.sets)
            if "ours" not in measured.times:
                return None
            times.append(measured.times["ours"].median)
        return geometric_mean(times)

    return score


def write(path: Path, found: Mapping[str, Config], origin: str) -> None:
    """Put tuned configurations into configs/<op>.json, one a line, with their origin; the others stay as they are."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for entry in content["configurations"]:
        if (config := found.get(entry["name"])) is not None:
            entry |= {
                "meta": dict(config.meta),
                "num_warps": config.num_warps,
                "num_stages": config.num_stages,
            }
    content["origin"] = origin
    lines = [f"    {json.dumps(entry)}" for entry in content.pop("configurations")]
    head = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in content.items()]
    text = "\n".join(["{", *head, '  "configurations": [', ",\n".join(lines), "  ]", "}"]) + "\n"
    records.replace_file(path, text)


def tune(op: str, file: str, budget: float | None, began: float) -> dict[str, Config]:
    """Search for every configuration of a file that some case chooses; returns the quicker ones by name."""
    from deepkernels.bench.device import Device

    device = Device(records.repository(), with_compile=False)
    entries = configs.load(file)
    wanted = [case for case in cases() if case.op == op and case.group != "ladder"]
    launches_of = {case: device.build(case).configuration for case in wanted}
    better = {}
    for name, chosen in users(entries, launches_of).items():
        (config,) = (one for one in entries if one.name == name)
        if not chosen:
            print(f"{name}: no case chooses it, left as it is")
            continue

        def over() -> bool:
            return budget is not None and time.monotonic() - began > budget

        problems = {case: device.build(case) for case in chosen}
        score = scored(file, problems, device.clock, Plan(seconds=0.05))
        try:
            best, least, first = search(config, score, over)
        except ValueError as error:
            print(f"{name}: left as it is: {error}")
            continue
        print(f"{name}: {first / least:.3f} × on {len(chosen)} cases, {best.launch_arguments()}")
        if best is not config:
            better[name] = best
        if over():
            print("the budget is used up: the remaining configurations are left as they are")
            break
    return better


def main(given: Sequence[str] | None = None) -> int:
    """Run the command line: 0 done, 2 without a GPU of the right kind."""
    began = time.monotonic()
    parser = argparse.ArgumentParser(prog="python -m deepkernels.bench.tune")
    parser.add_argument("op", metavar="OP", choices=sorted({case.op for case in cases()}))
    parser.add_argument("--file", help="configs/FILE.json, if it is not the operation's own")
    parser.add_argument("--budget", type=float, metavar="SECONDS")
    arguments = parser.parse_args(given)
    if not torch.cuda.is_available():
        print("There is no CUDA device here, so nothing was tuned.")
        return 2
    if (target := launch.target(torch.device("cuda"))) != "sm_90":
        print(
            f"The files hold configurations for sm_90; this GPU is {target}, so nothing was tuned."
        )
        return 2
    file = arguments.file or arguments.op
    found = tune(arguments.op, file, arguments.budget, began)
    path = Path(configs.__file__).parent / "configs" / f"{file}.json"
    import triton

    origin = (
        f"tuned on {torch.cuda.get_device_name()}, driver {machine.smi({'driver': 'driver_version'})['driver']}, "
        f"PyTorch {torch.__version__}, Triton {triton.__version__}, {records.now()}"
    )
    write(path, found, origin)
    print(f"{len(found)} configurations are quicker; written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
