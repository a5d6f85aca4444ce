"""Contenders in processes of their own."""

import io
import json
import os
import sys

import pytest

from deeplearning.performance import contest as module
from deeplearning.performance.contest import Contender, Process, contest

HERE = "deeplearning.performance.contest"


def counting(to: int) -> Contender:
    return Contender(f"{HERE}:counting", {"to": to})


def test_every_contender_gives_a_sample_a_round() -> None:
    times = contest({"few": counting(10), "many": counting(1000)}, rounds=3, least=1e-4)
    assert {name: one.seconds.shape for name, one in times.items()} == {"few": (3,), "many": (3,)}
    assert all((one.seconds > 0).all() and one.calls >= 1 for one in times.values())


def test_processes_get_their_threads_and_end() -> None:
    contender = Contender("deeplearning.performance.contest:counting", {"to": 3})
    with Process("one", contender, least=1e-4, threads=1) as process:
        assert int(process.answer()) >= 1
        assert float(process.ask()) > 0
        assert process.process.pid != os.getpid()
        settings = open(f"/proc/{process.process.pid}/environ", "rb").read() if (  # noqa: SIM115
            sys.platform == "linux"
        ) else b"OMP_NUM_THREADS=1"  # fmt: skip
    assert b"OMP_NUM_THREADS=1" in settings
    assert process.process.poll() is not None


def test_a_failing_contender_is_named_with_its_traceback() -> None:
    broken = Contender(f"{HERE}:counting", {"wrong": 1})
    with pytest.raises(RuntimeError, match=r"contest: broken failed:(?s:.)*TypeError"):
        contest({"broken": broken}, rounds=1)


@pytest.mark.parametrize("make", ["no colon", "no.such.module:f", f"{HERE}:nothing", ":f"])
def test_what_cannot_be_made_is_refused(make: str) -> None:
    with pytest.raises(ValueError, match=r"make is 'module:function'.*got"):
        Contender(make).work()


@pytest.mark.parametrize(("rounds", "threads"), [(0, 1), (1, 0)])
def test_an_empty_race_is_refused(rounds: int, threads: int) -> None:
    with pytest.raises(ValueError, match="needs a contender, a round, a thread"):
        contest({"a": counting(1)}, rounds=rounds, threads=threads)
    with pytest.raises(ValueError, match="needs a contender"):
        contest({})


@pytest.mark.parametrize("least", [1e-9, 1e-3])
def test_a_contender_answers_every_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], least: float
) -> None:
    settings = json.dumps([f"{HERE}:counting", {"to": 20_000}, least])
    monkeypatch.setattr(sys, "argv", ["contest", settings])
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n\n"))
    module.main()
    calls, *samples = capsys.readouterr().out.split()
    assert int(calls) >= 1
    assert len(samples) == 3
    assert all(float(one) > 0 for one in samples)
