"""Every experiment of the book: its smoke run, its criterion, and the record that the pages quote."""

import re
import time
from pathlib import Path

import pytest

from deeplearning import records
from deeplearning.experiments import discovery
from deeplearning.experiments.experiment import Experiment
from deeplearning.experiments.settings import as_json
from deeplearning.experiments.worker import make_config, measure
from deeplearning.records import OUTCOMES, Metrics, Record

ROOT = Path(__file__).parents[3]
IDS = list(discovery.find())
WAITING = {id for id in IDS if discovery.get(id).waiting()}
MEASURED = [id for id in IDS if id not in WAITING]


def published(id: str) -> Record:
    path = records.claims_folder() / f"{id}.json"
    if not path.exists():
        pytest.fail(f"{id} has no record; make it with: python -m deeplearning run {id}")
    return records.load(id)


def shapes(metrics: Metrics, experiment: Experiment) -> dict[str, int]:
    """Metric to number of axes; lengths may differ in the smoke run, and sizes that name a case."""
    case = re.compile(r"\d+") if experiment.cases else re.compile("(?!)")
    return {case.sub("#", name): array.ndim for name, array in metrics.items()}


def test_there_are_experiments() -> None:
    assert IDS, f"no experiment found in {discovery.FOLDER}"


@pytest.mark.parametrize("id", IDS)
def test_smoke_run_and_criterion(id: str, record_property) -> None:
    experiment = discovery.get(id)
    start = time.perf_counter()
    values, _ = measure(experiment, make_config(experiment, smoke=True), seed=0)
    record_property("smoke_seconds", round(time.perf_counter() - start, 2))
    metrics = Metrics.from_seeds([values])
    assert experiment.judge(metrics).outcome in OUTCOMES
    if (records.claims_folder() / f"{id}.json").exists():
        assert shapes(metrics, experiment) == shapes(records.load(id).metrics, experiment)


@pytest.mark.parametrize("id", MEASURED)
def test_record_is_the_one_of_this_source(id: str) -> None:
    experiment, record = discovery.get(id), published(id)
    assert not record.stale, (
        f"{id} has changed since it was measured: python -m deeplearning run {id}"
    )
    assert record.config == as_json(experiment.config())
    assert record.source == discovery.source(id).relative_to(ROOT).as_posix()
    assert (record.chapter, record.claim) == (experiment.chapter, experiment.claim)
    assert record.criterion_text == experiment.criterion_text
    assert record.command == f"python -m deeplearning run {id}"
    cases = experiment.cases_of(experiment.config())
    assert set(record.protocol.get("case_seconds", {"": 0})) == set(cases)


@pytest.mark.parametrize("id", MEASURED)
def test_record_has_enough_seeds(id: str) -> None:
    experiment, record = discovery.get(id), published(id)
    assert len(record.seeds) == experiment.seeds
    assert len(record.seeds) >= least_seeds(experiment)


def least_seeds(experiment: Experiment) -> int:
    return 1 if experiment.deterministic else 3 if experiment.few_seeds else 5


@pytest.mark.parametrize("id", MEASURED)
def test_raw_values_give_the_recorded_verdict(id: str) -> None:
    record = published(id)
    assert discovery.get(id).judge(record.metrics) == record.verdict


def test_what_judges_another_record_judges_the_present_one() -> None:
    for experiment in (discovery.get(id) for id in MEASURED):
        if experiment.waits_for is None or "kernels" not in as_json(experiment.config()):
            continue
        values, _ = measure(experiment, make_config(experiment), seed=0)
        assert published(experiment.id).metrics.raw == Metrics.from_seeds([values]).raw, (
            f"results/kernels/ has changed since: python -m deeplearning run {experiment.id}"
        )


def test_what_waits_has_no_record_and_is_about_speed() -> None:
    assert all(id.startswith("P") or id == "D12" for id in WAITING)
    assert not [id for id in WAITING if (records.claims_folder() / f"{id}.json").exists()]


def test_every_record_has_its_experiment() -> None:
    assert set(records.load_all()) <= set(IDS), (
        "a record without an experiment: delete it or restore the experiment"
    )


@pytest.mark.parametrize("id", IDS)
def test_the_chapter_exists(id: str) -> None:
    chapter = discovery.get(id).chapter
    assert (ROOT / "book" / f"{chapter}.md").is_file(), (
        f"{id} belongs to {chapter}, which is no page below book/"
    )
