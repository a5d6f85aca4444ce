"""Finished seeds on disk; a damaged one counts as unfinished."""

from pathlib import Path

import pytest

from deeplearning.experiments.cache import SeedCache, run_key


def test_what_is_written_is_read(tmp_path: Path) -> None:
    cache = SeedCache(tmp_path / "a", missing=("steps",))
    assert cache.read(3) is None
    log = cache.write_error(3, "Traceback")
    assert log.read_text(encoding="utf-8") == "Traceback"
    cache.write(3, {"loss": 0.1, "steps": None, "curve": [1, 2]}, 0.5)
    assert cache.read(3) == {
        "seed": 3,
        "seconds": 0.5,
        "values": {"loss": 0.1, "steps": None, "curve": [1, 2]},
    }
    assert not log.exists()  # the seed has finished after all
    cache.clear()
    assert cache.read(3) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        '{"seed": 3, "seconds": 0.5}',
        '{"seed": 4, "seconds": 0.5, "values": {"loss": 1}}',
        '{"seed": 3, "seconds": -1, "values": {"loss": 1}}',
        '{"seed": 3, "seconds": null, "values": {"loss": 1}}',
        '{"seed": 3, "seconds": 0.5, "values": {}}',
        '{"seed": 3, "seconds": 0.5, "values": {"loss": NaN}}',
        '{"seed": 3, "seconds": 0.5, "values": {"loss": null}}',
    ],
)
def test_a_damaged_file_is_no_finished_seed(tmp_path: Path, text: str) -> None:
    (tmp_path / "3.json").write_text(text, encoding="utf-8")
    assert SeedCache(tmp_path).read(3) is None


def test_the_key_depends_on_all_that_values_depend_on() -> None:
    base = ({"epochs": 1}, ("a", "b"), 1, False)
    keys = {
        run_key(*base),
        run_key({"epochs": 2}, ("a", "b"), 1, False),
        run_key({"epochs": 1}, ("a", "c"), 1, False),
        run_key({"epochs": 1}, ("a", "b"), 2, False),
        run_key({"epochs": 1}, ("a", "b"), 1, True),
    }
    assert len(keys) == 5
    assert run_key(*base) == run_key({"epochs": 1}, ["a", "b"], 1, False)
