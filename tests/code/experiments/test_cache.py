"""Finished runs on disk; a damaged one counts as unfinished."""

from pathlib import Path

import pytest

from deeplearning.experiments.cache import RunCache, run_key


@pytest.mark.parametrize("case", ["", "adam-0.1_b"])
def test_what_is_written_is_read(tmp_path: Path, case: str) -> None:
    cache = RunCache(tmp_path / "a", missing=("steps",))
    assert cache.read(3, case) is None
    log = cache.write_error(3, case, "Traceback")
    assert log.read_text(encoding="utf-8") == "Traceback"
    cache.write(3, case, {"loss": 0.1, "steps": None, "curve": [1, 2]}, 0.5)
    assert cache.read(3, case) == {
        "case": case,
        "seed": 3,
        "seconds": 0.5,
        "values": {"loss": 0.1, "steps": None, "curve": [1, 2]},
    }
    assert not log.exists()  # the run has finished after all
    cache.clear()
    assert cache.read(3, case) is None


def test_each_seed_and_case_has_a_file_of_its_own(tmp_path: Path) -> None:
    cache = RunCache(tmp_path)
    runs = [(1, ""), (1, "1"), (11, ""), (1, "a"), (1, "a.error"), (1, "-a"), (0, "a")]
    for number, (seed, case) in enumerate(runs):
        cache.write(seed, case, {"number": number}, 0.0)
        cache.write_error(seed, case, "Traceback")
    numbers = [(cache.read(*run) or {"values": {}})["values"].get("number") for run in runs]
    assert numbers == list(range(len(runs)))
    assert len(list(tmp_path.iterdir())) == 2 * len(runs)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        '{"seed": 3, "case": "", "seconds": 0.5}',
        '{"seed": 3, "seconds": 0.5, "values": {"loss": 1}}',
        '{"seed": 3, "case": "a", "seconds": 0.5, "values": {"loss": 1}}',
        '{"seed": 4, "case": "", "seconds": 0.5, "values": {"loss": 1}}',
        '{"seed": 3, "case": "", "seconds": -1, "values": {"loss": 1}}',
        '{"seed": 3, "case": "", "seconds": null, "values": {"loss": 1}}',
        '{"seed": 3, "case": "", "seconds": 0.5, "values": {}}',
        '{"seed": 3, "case": "", "seconds": 0.5, "values": {"loss": NaN}}',
        '{"seed": 3, "case": "", "seconds": 0.5, "values": {"loss": null}}',
    ],
)
def test_a_damaged_file_is_no_finished_run(tmp_path: Path, text: str) -> None:
    whole = '{"seed": 3, "case": "", "seconds": 0.5, "values": {"loss": 1}}'
    (tmp_path / "3.json").write_text(whole, encoding="utf-8")
    assert RunCache(tmp_path).read(3) is not None
    (tmp_path / "3.json").write_text(text, encoding="utf-8")
    assert RunCache(tmp_path).read(3) is None


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
