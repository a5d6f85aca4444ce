"""Jobs: what is published, what the record says."""

from pathlib import Path

import pytest

from deeplearning import records
from deeplearning.experiments import ExperimentError
from deeplearning.experiments.job import Job

RUN = {"seconds": 0.123456, "values": {"accuracy": 0.5}}


def test_the_default_job_is_the_published_one(workshop) -> None:
    workshop.add()
    job = Job.of("n1", folder=workshop.folder)
    assert (job.published, job.seeds, job.command) == (
        True,
        (0, 1, 2, 3, 4),
        "python -m deeplearning run N1",
    )
    # Given, but equal to the defaults: the same run.
    assert Job.of("N1", ["epochs=4"], seeds=5, folder=workshop.folder).published
    assert Job.of("N1", ["epochs=4"], seeds=5, folder=workshop.folder).key == job.key


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ({"settings": ["epochs=3"]}, "run N1 --set epochs=3"),
        ({"settings": ["rates=1, 2"]}, 'run N1 --set "rates=1, 2"'),
        ({"seeds": 2}, "run N1 --seeds 2"),
        ({"smoke": True}, "run N1 --smoke"),
        (
            {"smoke": True, "seeds": 5, "settings": ["epochs=4"]},
            "run N1 --smoke --set epochs=4 --seeds 5",
        ),
    ],
)
def test_variants_are_not_published(workshop, arguments: dict, command: str) -> None:
    workshop.add()
    job = Job.of("N1", folder=workshop.folder, **arguments)
    assert not job.published
    assert job.command == f"python -m deeplearning {command}"


def test_bad_requests(workshop) -> None:
    workshop.add()
    with pytest.raises(ExperimentError, match="--seeds takes a whole number from 1; got 0"):
        Job.of("N1", seeds=0, folder=workshop.folder)
    with pytest.raises(ExperimentError, match="no experiment 'N2'"):
        Job.of("N2", folder=workshop.folder)
    with pytest.raises(ExperimentError, match="no setting 'epoch'"):
        Job.of("N1", ["epoch=1"], folder=workshop.folder)


def test_the_record_of_a_job(workshop) -> None:
    path = workshop.add(
        more=', exclusive=True, threads=2, deterministic=True, seeds=1, missing=("steps",)'
    )
    job = Job.of("N1", folder=workshop.folder)
    commit = {"dirty": True, "id": "0" * 40}
    record = job.record({(0, ""): RUN}, "sequential", 1, commit, workshop.root)
    assert record.source == "experiments/n1_toy.py"
    assert record.digest == records.source_digest(path)
    assert record.stale is False
    assert record.commit == commit
    assert record.claim == "N1 is a toy."
    assert record.config == {"epochs": 4, "rates": [0.1, 0.01], "name": None}
    assert record.protocol == {
        "backend": "sequential",
        "exclusive": True,
        "jobs": 1,
        "seconds": [0.1235],
        "seeds": "nothing is random",
        "threads": 2,
    }
    assert record.verdict.headline == "mean accuracy 0.500"
    # Outside the repository only the name can be kept.
    assert job.record({(0, ""): RUN}, "sequential", 1, None, Path("/absent")).source == "n1_toy.py"


def test_the_record_of_a_job_with_cases(workshop) -> None:
    workshop.add(cases=("b", "A.1"))
    job = Job.of("N1", seeds=2, folder=workshop.folder)
    assert job.tasks == [(0, "b"), (0, "A.1"), (1, "b"), (1, "A.1")]
    finished = {
        (seed, case): {"seconds": 1.0 + seed + 0.00001, "values": {f"loss_{case[0].lower()}": seed}}
        for seed, case in reversed(job.tasks)  # they finish in any order
    }
    record = job.record(finished, "loky", 2, None, workshop.root)
    assert record.metrics.raw == {"loss_a": [0, 1], "loss_b": [0, 1]}
    assert record.protocol["case_seconds"] == {"b": [1.0, 2.0], "A.1": [1.0, 2.0]}
    assert record.protocol["seconds"] == [2.0, 4.0]
    assert "run(config, seed, case), once for each case" in record.protocol["seeds"]
    path = records.save(record, workshop.root)
    assert (
        records.load_file(path, workshop.root).protocol == record.protocol
    )  # the schema has a place for it


def test_cases_are_asked_for_the_configuration_that_runs(workshop) -> None:
    by_rate = ", cases=lambda config: [f'lr-{rate}' for rate in config.rates]"
    workshop.add(more=by_rate)
    assert Job.of("N1", folder=workshop.folder).cases == ("lr-0.1", "lr-0.01")
    assert Job.of("N1", ["rates=2"], folder=workshop.folder).cases == ("lr-2.0",)
    with pytest.raises(ExperimentError, match=r"N1: cases\(config\) returns a tuple or list"):
        Job.of("N1", ["rates="], folder=workshop.folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'metrics.mean("accuracy")',
            'metrics.mean("acuracy")',
            "N1: the criterion failed with KeyError.*'accuracy'",
        ),
        (
            "mean > 0",
            "1 / 0",
            "N1: the criterion failed with ZeroDivisionError.*correct the criterion",
        ),
        ("return Verdict(", "return (", "N1: criterion must return a Verdict; got tuple"),
    ],
)
def test_a_failing_criterion_is_named(workshop, old: str, new: str, message: str) -> None:
    workshop.add(change=lambda text: text.replace(old, new))
    job = Job.of("N1", seeds=1, folder=workshop.folder)
    with pytest.raises(ExperimentError, match=message):
        job.record({(0, ""): RUN}, "sequential", 1, None, workshop.root)
