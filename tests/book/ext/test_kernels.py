"""Kernels from the nursery are processes of their own, in the folder and the surroundings they were asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_cache.executors.utils import single_nb_execution
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell, new_notebook

from _ext import kernels

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


def ran(folder: Path, *cells: str, timeout: int = 60) -> list[str]:
    """What the cells print, in a kernel from the nursery."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    result = single_nb_execution(
        notebook, cwd=str(folder), timeout=timeout, allow_errors=False, **kernels.manager()
    )
    if result.err is not None:
        raise result.err
    return [cell.outputs[0].text.strip() for cell in notebook.cells if cell.outputs]


def alive(pid: int) -> bool:
    return Path("/proc", str(pid)).exists()


def test_kernels_are_processes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SETTING", "first")
    about = "import os, sys; print(os.getpid(), os.getppid(), 'torch' in sys.modules)"
    first = ran(tmp_path, "left = 1", about, "print(os.environ['A_SETTING'], os.getcwd())")
    monkeypatch.setenv("A_SETTING", "second")
    second = ran(tmp_path, "print('left' in globals())", about, "print(os.environ['A_SETTING'])")
    assert first[1] == f"first {tmp_path}"
    assert (second[0], second[2]) == ("False", "second")
    (one, nursery, loaded), (other, same, _) = first[0].split(), second[1].split()
    assert loaded == "True"
    assert one != other != str(os.getpid())
    assert nursery == same == str(kernels.nursery(os.getpid()).process.pid)
    assert not alive(int(one))
    assert not alive(int(other))


def test_a_cell_that_takes_too_long_ends_with_its_kernel(tmp_path: Path) -> None:
    began = time.monotonic()
    note = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(CellTimeoutError):
        ran(tmp_path, note, timeout=1)
    assert time.monotonic() - began < 30
    assert not alive(int((tmp_path / "pid").read_text()))


def test_kernel_has_matplotlib_as_in_any_notebook(tmp_path: Path) -> None:
    (name,) = ran(tmp_path, "import matplotlib; print(matplotlib.get_backend())")
    assert "inline" in name


def test_a_nursery_that_died_is_replaced(tmp_path: Path) -> None:
    first = kernels.nursery(os.getpid()).process
    first.kill()
    first.wait()
    assert ran(tmp_path, "print(6 * 7)") == ["42"]
    assert kernels.nursery(os.getpid()).process.pid != first.pid


def test_a_nursery_that_ends_before_it_answers_is_named(tmp_path: Path) -> None:
    nursery = kernels.Nursery()
    nursery.process.kill()
    nursery.process.wait()
    with pytest.raises(RuntimeError, match=r"ended with status -9; .*kernels\.py < /dev/null"):
        nursery.fork([], str(tmp_path), {})


def test_a_process_that_nobody_has_buried_is_over() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    forked = kernels.ForkedProcess(process.pid)
    assert process.stdout
    process.stdout.read()  # it ends; until `wait` its number stays taken
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    assert forked.poll() == 0
    process.wait()
    process.stdout.close()


def test_a_number_that_another_process_has_by_now_is_not_the_kernel() -> None:
    forked = kernels.ForkedProcess(os.getpid())
    assert forked.poll() is None
    forked.began = 1
    assert forked.poll() == 0
    forked.kill()  # nobody


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_kernels_start_as_usual(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert kernels.manager() == {}


def test_a_kernel_of_the_readers_own_starts_by_its_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = (
        "import sys; sys.own = 7; from ipykernel.kernelapp import launch_new_instance as go; go()"
    )
    spec = {"argv": [sys.executable, "-c", start, "-f", "{connection_file}"], "display_name": "own"}
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec | {"language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert ran(tmp_path, "import sys; print(sys.own)") == ["7"]
