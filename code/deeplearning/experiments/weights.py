"""Make the file of trained weights that the book bundles: ``python -m deeplearning.experiments.weights PATH``.

It is the network that seed 0 of experiment C10 trains to read rows, made by the experiment's own functions.
"""

import hashlib
import os
import sys
from pathlib import Path

import numpy as np

from deeplearning import engines
from deeplearning.experiments import c10_lenet5 as c10
from deeplearning.experiments.worker import limited_threads
from deeplearning.nn.module import write_npz


def reader_weights(config: c10.Config, seed: int = 0) -> dict[str, np.ndarray]:
    """Train the network of C10 that reads rows and return its state, arrays by name."""
    with limited_threads(1):
        single, _ = c10.train(config, seed, "distorted")
        return engines.get("torch").state(c10.learn_rows(config, seed, single))


def make(path: str | os.PathLike[str], config: c10.Config | None = None) -> tuple[int, str]:
    """Train, write the weights to ``path`` (.npz), and return the file's size in bytes and its SHA-256."""
    write_npz(path, reader_weights(config or c10.Config()))
    content = Path(path).read_bytes()
    return len(content), hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m deeplearning.experiments.weights data/weights/lenet5-rows.npz")
    print(*make(sys.argv[1]))
