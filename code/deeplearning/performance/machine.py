"""This machine's two roofs, measured: the quickest matrix product, and the quickest stream at every distance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deeplearning.autograd.memory import empty
from deeplearning.performance.roofline import Work
from deeplearning.performance.timing import alternate

Stream = Callable[[int], tuple[Work, Callable[[], Any]]]

CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def product(side: int, seed: int = 0) -> tuple[Work, Callable[[], Any]]:
    """Return a product of two square float32 matrices: its work, and what runs it.

    >>> work, run = product(8)
    >>> work.operations, run().shape
    (1024.0, (8, 8))
    """
    draw = np.random.default_rng(seed)
    a, b, c = (empty((side, side), np.float32) for _ in range(3))
    a[...], b[...] = (draw.standard_normal((side, side), np.float32) for _ in range(2))
    return Work(2.0 * side**3, 12.0 * side**2), lambda: np.matmul(a, b, out=c)


def update(working_set: int) -> tuple[Work, Callable[[], Any]]:
    """Return an update of an array in place: every byte is read once and written once.

    Args:
        working_set: bytes of the array.
    """
    array = _ones(working_set)
    return Work(0.0, 2.0 * array.nbytes), lambda: np.negative(array, out=array)


def copy(working_set: int) -> tuple[Work, Callable[[], Any]]:
    """Return a copy of one array onto another, with bytes counted as STREAM counts them, read plus written.

    A processor usually fetches the target too before it writes to it; these bytes are not counted.

    Args:
        working_set: bytes of both arrays together.
    """
    source, target = _ones(working_set // 2), _ones(working_set // 2)
    return Work(0.0, 2.0 * source.nbytes), lambda: np.copyto(target, source)


def read(working_set: int) -> tuple[Work, Callable[[], Any]]:
    """Return a search for an array's largest element: every byte is read once.

    Args:
        working_set: bytes of the array.
    """
    array = _ones(working_set)
    return Work(0.0, float(array.nbytes)), array.max


def _ones(size: int) -> np.ndarray:
    array = empty((size // 4,), np.float32)
    array[...] = 1  # touched, so that the memory is really there
    return array


def peaks(sides: Sequence[int], rounds: int = 7, least: float = 0.01) -> np.ndarray:
    """Return operations a second of square products, shape (sides, rounds)."""
    made = {str(side): product(side) for side in sides}
    times = alternate({name: run for name, (_, run) in made.items()}, rounds, least)
    return np.stack([work.operations / times[name].seconds for name, (work, _) in made.items()])


def bandwidths(
    stream: Stream, working_sets: Sequence[int], rounds: int = 5, least: float = 0.01
) -> np.ndarray:
    """Return bytes a second, shape (working_sets, rounds), of `update`, `copy` or `read`.

    One size after the other, so that at no time there is more memory in use than the present size takes.
    """
    found = []
    for working_set in working_sets:
        work, run = stream(working_set)
        found.append(work.bytes / alternate({"stream": run}, rounds, least)["stream"].seconds)
    return np.stack(found)


def cache_sizes(folder: Path = CACHES) -> dict[str, int]:
    """Return bytes of the data caches of the first processor, nearest first; empty where the system does not tell.

    >>> all(name.startswith("L") for name in cache_sizes())
    True
    """
    found = {}
    for entry in sorted(folder.glob("index*")):
        try:
            level, kind, size = (
                (entry / name).read_text(encoding="ascii").strip()
                for name in ("level", "type", "size")
            )
        except OSError:
            continue
        if kind != "Instruction" and size.endswith("K"):
            found[f"L{level}"] = 1024 * int(size[:-1])
    return found
