"""The bundled weights come from the experiment's own path."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import torch

from deeplearning.experiments import c10_lenet5 as c10
from deeplearning.experiments.weights import make
from deeplearning.models.lenet_row import row_lenet5

TINY = dataclasses.replace(c10.Config.smoke(), images=128)


def test_the_file_holds_the_network_of_the_experiment(tmp_path: Path) -> None:
    path = tmp_path / "weights" / "reader.npz"
    size, digest = make(path, TINY)
    assert (size, digest) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    single, _ = c10.train(TINY, 0, "distorted")
    expected = c10.learn_rows(TINY, 0, single).state_dict()
    with np.load(path) as arrays:
        assert set(arrays.files) == set(row_lenet5(nn=torch.nn).state_dict())
        for name in arrays.files:
            np.testing.assert_array_equal(arrays[name], expected[name].numpy())
