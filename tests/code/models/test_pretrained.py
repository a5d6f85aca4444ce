"""The bundled weights: verified, alike on both engines and in both forms, and as good as the record says."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import data, engines, records
from deeplearning.data import DataError
from deeplearning.data.checksums import data_folder
from deeplearning.models import pretrained
from deeplearning.models.lenet_row import with_margin
from deeplearning.training import predict


def test_both_forms_and_engines_agree() -> None:
    x = np.random.default_rng(0).random((3, 28, 28)).astype(np.float32)
    results = []
    for engine in (engines.get("numpy"), engines.get("torch")):
        row, digit = pretrained.row_reader(engine.nn), pretrained.digit_reader(engine.nn)
        assert not row.training
        results.append(engine.to_numpy(row(engine.tensor(with_margin(x))))[:, :, 0, 0])
        results.append(engine.to_numpy(digit(engine.tensor(x[:, None]))))
    for other in results[1:]:
        assert_close(other, results[0], length=400)


def test_it_makes_the_errors_of_the_record() -> None:
    """Seed 0 of C10; another machine may round otherwise and read a few digits differently."""
    split = data.mnist()
    scores = predict(pretrained.digit_reader(torch.nn), split.test_x[:, None], engines.get("torch"))
    error = (scores[:, :10].argmax(axis=1) != split.test_y).mean()
    assert abs(error - records.load("C10").metrics["test_error_reader"][0]) <= 0.0003


def test_the_file_is_small() -> None:
    assert (data_folder() / pretrained.FOLDER / pretrained.READER).stat().st_size <= 300_000


def test_an_altered_file(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "weights").mkdir(parents=True)
    (folder / "checksums.json").write_bytes((data_folder() / "checksums.json").read_bytes())
    (folder / "weights" / pretrained.READER).write_bytes(b"0" * 249_650)
    with pytest.raises(DataError, match=r"lenet5-rows.npz .* Copy it again"):
        pretrained.reader_state(folder)


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    """With a list of checksums that knows it, in a folder of the reader's own."""
    content = b"0" * 100
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    sets = {"sets": {"weights": {"files": {pretrained.READER: entry}}}}
    (tmp_path / "weights").mkdir()
    (tmp_path / "checksums.json").write_text(json.dumps(sets))
    (tmp_path / "weights" / pretrained.READER).write_bytes(content)
    with pytest.raises(DataError, match="is no archive of weights"):
        pretrained.reader_state(tmp_path)


def test_a_list_without_the_file(tmp_path: Path) -> None:
    entry = '{"sets": {"weights": {"files": {"other.npz": {"bytes": 1, "sha256": "%s"}}}}}'
    (tmp_path / "checksums.json").write_text(entry % ("0" * 64))
    with pytest.raises(DataError, match=r"does not list weights/lenet5-rows.npz; it lists other"):
        pretrained.reader_state(tmp_path)
