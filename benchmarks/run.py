"""Time the engine against PyTorch: `make bench`, or `python benchmarks/run.py --rounds 11 --threads 1 2`.

Every measurement is a process of its own, because PyTorch is up to twice as slow after NumPy has worked in the same
process. Contenders alternate, in an order drawn anew each round, so that whatever else the machine does meets all of
them. A round's ratio compares medians of the same round; the record keeps every round. Losses must agree first.
"""

import argparse
import datetime
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
CONTENDERS = ("engine", "torch", "bare")
TARGET = 1.0  # the engine's time ÷ PyTorch's, stated before measuring


def measure(contender: str, threads: int) -> dict[str, Any]:
    """Run one contender in a process of its own and return what it printed."""
    variables = {
        name: str(threads)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    done = subprocess.run(
        [sys.executable, HERE / "mlp_step.py", contender],
        env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"benchmark of {contender} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def compare(threads: int, rounds: int) -> dict[str, Any]:
    """Alternate all contenders for ``rounds`` rounds and return medians, ratios and peak memory."""
    order = np.random.default_rng(0)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    for _ in tqdm(range(rounds), desc=f"{threads} thread(s)", unit="round"):
        for name in order.permutation(CONTENDERS):
            found[name].append(measure(name, threads))
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


def main() -> None:
    """Measure, write results/speed/mlp_step.json, print the table."""
    parser = argparse.ArgumentParser(
        description="time the engine against PyTorch on one training step"
    )
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, cores}))
    arguments = parser.parse_args()
    if arguments.rounds < 1 or min(arguments.threads) < 1:
        parser.error("--rounds and --threads take numbers from 1 on")
    results = [compare(threads, arguments.rounds) for threads in arguments.threads]
    root = HERE.parent
    record = {
        "id": "mlp_step",
        "what": "MLP 784-256-128-10, batch 128, float32: forward + backward + SGD step",
        "target": f"engine's time ÷ PyTorch's ≤ {TARGET}, and less memory",
        "command": "make bench",
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": environment.commit(root),
        "machine": environment.machine(),
        "software": environment.software(),
        "protocol": "one process a contender, order drawn anew each round, 50 steps of warm-up, median of 300 steps",
        "results": results,
    }
    path = root / "results" / "speed" / "mlp_step.json"
    write_atomically(path, format_json(record))
    print(f"\n{record['what']}")
    print(
        f"{'threads':>8} {'contender':>10} {'ms a step':>10} {'÷ PyTorch':>10} {'20–80 %':>12} {'peak MiB':>9}"
    )
    for result in results:
        for name in CONTENDERS:
            row = result[name]
            spread = f"{row['ratio_percentile_20']:.2f}–{row['ratio_percentile_80']:.2f}"
            milliseconds = 1e3 * float(np.median(row["median_seconds_a_round"]))
            print(
                f"{result['threads']:>8} {name:>10} {milliseconds:>10.3f} {row['ratio_to_torch']:>10.2f} {spread:>12} "
                f"{row['peak_memory_mib']:>9.0f}"
            )
        verdict = "met" if result["engine"]["ratio_to_torch"] <= TARGET else "missed"
        print(f"{'':>8} target ≤ {TARGET:.1f} {verdict}")
    print(f"\nrecord: {path.relative_to(root)}")


if __name__ == "__main__":
    main()
