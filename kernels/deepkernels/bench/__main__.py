"""`python -m deepkernels.bench`: time the kernels beside the vendor's library and write results/kernels/*.json."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from deepkernels.bench import campaign, digest, machine, roofline, table
from deepkernels.bench.records import Book, read, repository
from deepkernels.bench.shapes import Case, cases

BEGAN = time.monotonic()
DONE, FAILED, NO_DEVICE = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    command = argparse.ArgumentParser(
        prog="python -m deepkernels.bench",
        description="Time the kernels beside the vendor's library on this GPU.",
    )
    ops = sorted({case.op for case in cases()})
    command.add_argument("ops", nargs="*", metavar="OP", help=f"of {', '.join(ops)}; all if none")
    command.add_argument("--group", action="append", default=[], help="only cases of this group")
    command.add_argument("--fresh", action="store_true", help="measure again what is recorded")
    command.add_argument(
        "--budget", type=float, metavar="SECONDS", help="start no case that may end later"
    )
    command.add_argument(
        "--out", type=Path, metavar="FOLDER", help="results/kernels of the repository"
    )
    command.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    command.add_argument("--list", action="store_true", help="print the cases and stop")
    command.add_argument("--table", action="store_true", help="print what is recorded and stop")
    command.add_argument(
        "--predict", action="store_true", help="print the roofline's prediction and stop"
    )
    return command


def chosen(ops: Sequence[str], groups: Sequence[str]) -> list[Case]:
    """Return the cases of these operations and groups, all of them if none is named.

    Raises:
        ValueError: an operation or group without cases.
    """
    known = cases()
    for names, kind, of in ((ops, "operation", "op"), (groups, "group", "group")):
        there = sorted({getattr(case, of) for case in known})
        for name in names:
            if name not in there:
                raise ValueError(f"bench: no {kind} {name!r}; there are {', '.join(there)}")
    return [
        case
        for case in known
        if (not ops or case.op in ops) and (not groups or case.group in groups)
    ]


def predictions(todo: Sequence[Case], roofs: roofline.Roofs) -> str:
    """Return what the roofline says about cases, a line each."""
    lines = [f"{roofs.machine}: {roofs.source}"]
    for case in todo:
        if case.dtype in roofs.flops:
            found = roofline.predict(case.work, case.dtype, roofs)
            lines.append(
                f"{case.op}/{case.key}: {found['bound']}-bound, {found['intensity']:.0f} FLOP/B, "
                f"at best {table.duration(found['seconds'])}, {found['flops_per_second'] / 1e12:.0f} TFLOP/s"
            )
    return "\n".join(lines)


def recorded(folder: Path, todo: Sequence[Case]) -> str:
    """Return the tables of the records in a folder."""
    wanted = {case.op for case in todo}
    found = [read(path) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    texts = [table.table(record) for record in found if record["op"] in wanted]
    return "\n\n\n".join(texts) or f"no record in {folder}; make one on a GPU with: make bench"


def measure(arguments: argparse.Namespace, todo: Sequence[Case], folder: Path) -> int:
    """Measure on the first CUDA device; returns the exit code."""
    from deepkernels.bench.device import Device

    name = machine.slug(torch.cuda.get_device_name())
    earlier = repository() / "results" / "kernels"
    ops = list(dict.fromkeys(case.op for case in todo))
    books = {op: Book(op, name, folder, earlier) for op in ops}
    digests = {op: digest.digest(op) for op in ops}
    outcome = campaign.run(
        todo, books, Device(repository(), not arguments.no_compile), digests,
        fresh=arguments.fresh, budget=arguments.budget, began=BEGAN, say=lambda text: print(text, flush=True),
    )  # fmt: skip
    for book in books.values():
        if book.content["cases"]:
            print("\n" + table.table(book.content))
            print(f"\nrecord: {book.path}")
    print(
        f"\n{len(outcome.done)} cases measured, {len(outcome.kept)} kept from before, "
        f"{len(outcome.failed)} failed, {len(outcome.left)} left"
    )
    for key in outcome.failed:
        print(f"failed: {key}")
    if outcome.stopped:
        print(f"stopped: {outcome.stopped}; the same command goes on with what is left")
    return FAILED if outcome.failed else DONE


def main(given: Sequence[str] | None = None) -> int:
    """Run the command line: 0 done (or stopped for the budget), 1 a case failed, 2 no GPU or a user's error."""
    arguments = parser().parse_args(given)
    folder = arguments.out or repository() / "results" / "kernels"
    try:
        todo = chosen(arguments.ops, arguments.group)
        if arguments.list:
            print("\n".join(f"{case.op}/{case.key}" for case in todo))
            return DONE
        if arguments.predict:
            print(predictions(todo, roofline.NOMINAL["NVIDIA H200"]))
            return DONE
        if arguments.table:
            print(recorded(folder, todo))
            return DONE
        if not torch.cuda.is_available():
            print("There is no CUDA device here, so no kernel was timed.")
            return NO_DEVICE
        return measure(arguments, todo, folder)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return NO_DEVICE
    except KeyboardInterrupt:
        print(
            "\ninterrupted: what was measured is saved; the same command goes on", file=sys.stderr
        )
        return 130


if __name__ == "__main__":
    sys.exit(main())
