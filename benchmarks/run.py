"""Time the engine against PyTorch: `make bench`, or `python benchmarks/run.py lenet_step --rounds 3 --threads 1`.

Every measurement is a process of its own, because PyTorch is up to twice as slow after NumPy has worked in the same
process. Contenders alternate, in an order drawn anew each round, so that whatever else the machine does meets all of
them. A round's ratio compares medians of the same round; the record keeps every round. Losses must agree first.
"""

import argparse
import datetime
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from deeplearning.records import environment
from deeplearning.records.text import format_json, write_atomically

HERE = Path(__file__).resolve().parent
WORKLOADS = ("mlp_step", "lenet_step", "conv_layer", "lstm_step")  # modules beside this one


def measure(workload: str, contender: str, threads: int) -> dict[str, Any]:
    """Run one contender in a process of its own and return what it printed."""
    variables = {
        name: str(threads)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    done = subprocess.run(
        [sys.executable, HERE / "contender.py", workload, contender],
        env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"benchmark {workload} of {contender} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def compare(workload: str, contenders: list[str], threads: int, rounds: int) -> dict[str, Any]:
    """Alternate all contenders for ``rounds`` rounds and return medians, ratios and peak memory."""
    order = np.random.default_rng(0)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    for _ in tqdm(range(rounds), desc=f"{workload}, {threads} thread(s)", unit="round"):
        for name in order.permutation(contenders):
            found[name].append(measure(workload, name, threads))
    losses = {name: np.array(runs[0]["losses"]) for name, runs in found.items()}
    for name, values in losses.items():
        if not np.allclose(values, losses["torch"], rtol=1e-3):
            raise SystemExit(
                f"{name} computes other losses than PyTorch: {values} against {losses['torch']}"
            )
    medians = {
        name: [float(np.median(run["seconds"])) for run in runs] for name, runs in found.items()
    }
    result: dict[str, Any] = {"threads": threads, "rounds": rounds}
    for name, runs in found.items():
        ratios = np.array(medians[name]) / np.array(medians["torch"])
        low, high = np.percentile(ratios, [20, 80])
        result[name] = {
            "median_seconds_a_round": medians[name],
            "ratio_to_torch": float(np.median(ratios)),
            "ratio_percentile_20": float(low),
            "ratio_percentile_80": float(high),
            "peak_memory_mib": float(np.median([run["peak_mib"] for run in runs])),
        }
    return result


def record_of(name: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the record of a workload: what was measured, how, where, and what for."""
    workload = importlib.import_module(name)
    memory = "less memory" if workload.MEMORY == 1 else f"peak memory ≤ {workload.MEMORY} of it"
    return {
        "id": name,
        "what": workload.WHAT,
        "target": f"engine's time ÷ PyTorch's ≤ {workload.TARGET}, and {memory}",
        "command": "make bench",
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": environment.commit(HERE.parent),
        "machine": environment.machine(),
        "software": environment.software(),
        "protocol": "one process a contender, order drawn anew each round, "
        f"{workload.WARM_UP} steps of warm-up, median of {workload.STEPS} steps",
        "results": results,
    }


def show(record: dict[str, Any]) -> None:
    """Print a record as a table, with the verdict."""
    workload = importlib.import_module(record["id"])
    print(f"\n{record['what']}")
    print(
        f"{'threads':>8} {'contender':>10} {'ms a step':>10} {'÷ PyTorch':>10} {'20–80 %':>12} {'peak MiB':>9}"
    )
    for result in record["results"]:
        for name in workload.CONTENDERS:
            row = result[name]
            spread = f"{row['ratio_percentile_20']:.2f}–{row['ratio_percentile_80']:.2f}"
            milliseconds = 1e3 * float(np.median(row["median_seconds_a_round"]))
            print(
                f"{result['threads']:>8} {name:>10} {milliseconds:>10.3f} {row['ratio_to_torch']:>10.2f} {spread:>12} "
                f"{row['peak_memory_mib']:>9.0f}"
            )
        memory = result["engine"]["peak_memory_mib"] / result["torch"]["peak_memory_mib"]
        met = result["engine"]["ratio_to_torch"] <= workload.TARGET and memory <= workload.MEMORY
        print(f"{'':>8} {record['target']}: {'met' if met else 'missed'}")


def main() -> None:
    """Measure the workloads, write results/speed/<workload>.json for each, print tables."""
    parser = argparse.ArgumentParser(description="time the engine against PyTorch")
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    parser.add_argument(
        "workloads", nargs="*", metavar="workload",
        help=f"of {', '.join(WORKLOADS)}; all if none is named",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, cores}))
    parser.add_argument("--dry", action="store_true", help="print only, write no record")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or min(arguments.threads) < 1:
        parser.error("--rounds and --threads take numbers from 1 on")
    unknown = set(arguments.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    for name in arguments.workloads or WORKLOADS:
        contenders = list(importlib.import_module(name).CONTENDERS)
        record = record_of(
            name,
            [compare(name, contenders, threads, arguments.rounds) for threads in arguments.threads],
        )
        show(record)
        if not arguments.dry:
            path = HERE.parent / "results" / "speed" / f"{name}.json"
            write_atomically(path, format_json(record))
            print(f"record: {path.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
