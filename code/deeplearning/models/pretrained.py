"""Trained weights that are bundled with the book, verified when they are read."""

import io
import os
import zipfile
from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.data.checksums import data_folder, listed, read_verified
from deeplearning.data.errors import DataError
from deeplearning.models.lenet import lenet5
from deeplearning.models.lenet_row import as_matrices, row_lenet5

FOLDER = "weights"
READER = "lenet5-rows.npz"


def reader_state(folder: str | os.PathLike[str] | None = None) -> dict[str, np.ndarray]:
    """Read the weights of the LeNet-5 that reads rows of digits, as :func:`row_lenet5` names them.

    They were trained by experiment C10, seed 0; ``data/README.md`` has the command that makes the file. ``folder`` is
    the data folder, by default that of the repository. ``DataError`` if the file is missing or altered.

    >>> sum(values.size for values in reader_state().values())
    61791
    """
    (file,) = listed(data_folder(folder), FOLDER, [READER])
    content = read_verified(file)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name].astype(np.float32) for name in arrays.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{FOLDER}/{READER} is no archive of weights ({error}). Restore it from the repository, or make it again "
            "as data/README.md says."
        ) from error


def row_reader(nn: Any = own_nn) -> Any:
    """Return the trained network that reads rows, in evaluation mode; see :func:`row_lenet5`."""
    return _loaded(row_lenet5("relu", "max", nn=nn), reader_state(), nn)


def digit_reader(nn: Any = own_nn) -> Any:
    """Return the same network as :func:`lenet5`, for single images (N, 1, 28, 28): ten digits and "none"."""
    return _loaded(lenet5("relu", "max", classes=11, nn=nn), as_matrices(reader_state()), nn)


def _loaded(model: Any, state: dict[str, np.ndarray], nn: Any) -> Any:
    if nn is own_nn:
        model.load_state_dict(state)
    else:
        import torch

        model.load_state_dict({name: torch.tensor(values) for name, values in state.items()})
    return model.eval()
