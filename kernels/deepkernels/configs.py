"""Tuned configurations: data files that say which kernel runs at which tile sizes for which shapes."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Config:
    """One way to run an operation.

    ``kernel`` is "package.module:function"; ``meta`` holds the kernel's constants (tile sizes); ``when`` tells for
    which problems it is meant, in the operation's own terms; ``elsewhere`` replaces values on every GPU but the
    one that the file was made for, mostly with smaller tiles, because others have less shared memory.
    """

    name: str
    kernel: str
    meta: Mapping[str, Any]
    num_warps: int
    num_stages: int
    when: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: Mapping[str, Any] = field(default_factory=dict)

    def launch_arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of a launch.

        >>> Config("tiny", "m:f", {"BLOCK_M": 16}, num_warps=4, num_stages=2).launch_arguments()
        {'BLOCK_M': 16, 'num_warps': 4, 'num_stages': 2}
        """
        return {**self.meta, "num_warps": self.num_warps, "num_stages": self.num_stages}

    def on(self, target: str) -> "Config":
        """Return the configuration for "sm_90" (as it is) or for another target (with ``elsewhere`` in force).

        >>> big = Config("big", "m:f", {"BLOCK_M": 128}, 8, 4, elsewhere={"BLOCK_M": 64, "num_stages": 2})
        >>> big.on("sm_80").launch_arguments()
        {'BLOCK_M': 64, 'num_warps': 8, 'num_stages': 2}
        """
        if target == "sm_90" or not self.elsewhere:
            return self
        changes = dict(self.elsewhere)
        warps = changes.pop("num_warps", self.num_warps)
        stages = changes.pop("num_stages", self.num_stages)
        return Config(self.name, self.kernel, {**self.meta, **changes}, warps, stages, self.when)


@functools.cache
def load(op: str) -> tuple[Config, ...]:
    """Return an operation's configurations in the order of their file: the first whose ``when`` fits is used.

    ``ValueError`` for an operation without a file, or an entry that is not complete.
    """
    file = files("deepkernels").joinpath("configs", f"{op}.json")
    if not file.is_file():
        raise ValueError(f"configs: there is no configs/{op}.json in the package deepkernels")
    entries = json.loads(file.read_text(encoding="utf-8"))["configurations"]
    try:
        return tuple(
            Config(**{**entry, "meta": MappingProxyType(entry["meta"])}) for entry in entries
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"configs: configs/{op}.json has an incomplete entry: {error}") from None


def origin(op: str) -> str:
    """Return where an operation's configurations come from, in words."""
    file = files("deepkernels").joinpath("configs", f"{op}.json")
    return str(json.loads(file.read_text(encoding="utf-8"))["origin"])
