"""Kernels that begin with their imports done: they are forked from a process that has imported what chapters need.

An ordinary kernel spends two seconds of processor time on importing PyTorch, Matplotlib and IPython, and the book has
a kernel for each chapter. Here one process imports them once and forks whenever a kernel is asked for, so that each
chapter still has a process of its own in which nothing has run. Only Linux: elsewhere libraries do not survive a fork,
and kernels start as usual.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

PRELOADED = (
    "torch", "matplotlib.pyplot", "scipy.signal", "sklearn.linear_model", "jsonschema",
    "ipykernel.kernelapp", "myst_nb",
)  # fmt: skip
"""What most chapters import; nothing of ours, which changes."""

OPTIMISERS = "torch._dynamo"
"""What PyTorch imports when its first optimiser is made, for as long as all of PyTorch itself; it imports Triton."""

INLINE = "module://matplotlib_inline.backend_inline"
"""Matplotlib's backend in notebooks; it is read when Matplotlib is imported."""


class ForkedProcess:
    """A kernel's process, with those methods of `subprocess.Popen` that its manager calls."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.began = beginning(pid)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """None while it runs, then 0: how a grandchild ended cannot be known."""
        return None if self.began is not None and beginning(self.pid) == self.began else 0

    def wait(self) -> int:
        while self.poll() is None:
            time.sleep(0.05)
        return 0


def beginning(pid: int) -> int | None:
    """When a process began, in ticks since the machine did; None if it has ended, even if nobody has asked how.

    A number alone does not tell a process: the system gives it to another one later.
    """
    try:
        content = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = content.rpartition(")")[2].split()  # behind the name, which may hold anything
    return None if state in "ZX" else int(fields[18])


class Nursery:
    """The process that imports and forks; it ends when whoever started it does."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {"MPLBACKEND": INLINE}, text=True,
        )  # fmt: skip

    def fork(self, arguments: list[str], cwd: str, env: dict[str, str]) -> ForkedProcess:
        """Start a kernel with its command line's arguments, in a folder and surroundings of its own."""
        assert self.process.stdin
        assert self.process.stdout
        answer = ""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps([arguments, cwd, env]) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(
                f"the process from which kernels are forked ended with status {self.process.wait()}; what went wrong "
                f"stands above, or comes from: {sys.executable} {__file__} < {os.devnull}"
            )
        return ForkedProcess(int(answer))


_NURSERIES: dict[int, Nursery] = {}


def nursery(owner: int) -> Nursery:
    """The nursery of a process, a new one if it has died; a process that was itself forked has its own."""
    if owner not in _NURSERIES or _NURSERIES[owner].process.poll() is not None:
        _NURSERIES[owner] = Nursery()
    return _NURSERIES[owner]


class ForkingProvisioner(LocalProvisioner):
    """Starts kernels from the nursery instead of from their command, if that is ipykernel's."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        if "ipykernel_launcher" not in cmd:  # the reader's own specification of a kernel
            return await super().launch_kernel(cmd, **kwargs)
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        cwd = str(kwargs.get("cwd") or Path.cwd())
        forked = nursery(os.getpid()).fork(arguments, cwd, dict(kwargs["env"]))
        self.process = forked  # type: ignore[assignment]
        self.pid = self.pgid = forked.pid
        self.cwd = cwd
        return self.connection_info


class ForkingKernelManager(AsyncKernelManager):
    """Jupyter's manager of a kernel, with the kernel from the nursery."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.provisioner = ForkingProvisioner(
            kernel_id="", kernel_spec=self.kernel_spec, parent=self
        )


def manager() -> dict[str, Any]:
    """The option of a notebook's execution that says where its kernel comes from."""
    return {"kernel_manager_class": ForkingKernelManager} if sys.platform == "linux" else {}


def serve() -> None:
    """Import, then fork a kernel for each line of standard input, and print its number."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for those who wait for us
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that have ended leave nothing behind
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    preload_optimisers()
    own = os.getpid()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            become_kernel(own, *json.loads(line))
        print(pid, flush=True)


def preload_optimisers() -> None:
    """Import what optimisers need, unless a GPU is here.

    Triton decides on import whether it interprets. Chapters have it interpret where there is no GPU; where there is
    one, some do and some do not.
    """
    with contextlib.suppress(ImportError):
        import torch

        if not torch.cuda.is_available():
            os.environ["TRITON_INTERPRET"] = "1"
            importlib.import_module(OPTIMISERS)


def become_kernel(parent: int, arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    """Turn this process into a kernel of the nursery ``parent``; does not return."""
    os.setsid()  # signals to the kernel reach what it starts, and nobody else
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # the pipe is the nursery's
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[0] = ""  # instead of the folder of this file, as for `python -m`
    # It ends with the nursery; ipykernel has read the number from its surroundings before the fork, and found none.
    sys.argv = ["ipykernel_launcher", *arguments, f"--IPKernelApp.parent_handle={parent}"]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
    sys.exit()


if __name__ == "__main__":
    serve()
