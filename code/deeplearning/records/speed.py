"""Reading what `make bench` wrote: times and memory of one piece of work by several contenders."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from deeplearning.records.errors import RecordError
from deeplearning.records.store import repository

NEEDED = ("id", "what", "protocol", "time", "machine", "software", "results")
REMEDY = "restore the file (git checkout) or renew it: make bench"


def load_speed(name: str, folder: str | Path | None = None) -> dict[str, Any]:
    """Read the record of a benchmark, e.g. `load_speed("mlp_step")`.

    Args:
        name: the benchmark's name.
        folder: where the files lie; `results/speed` of the repository if None.

    Returns:
        The file's content: `results` has one entry for each number of threads, with `threads`, `rounds`, and for each
        contender `median_seconds_a_round` (seconds), `ratio_to_torch`, `ratio_percentile_20`, `ratio_percentile_80`
        and `peak_memory_mib`.

    Raises:
        RecordError: the file is missing, unreadable, truncated, or not such a record; the message names the file and
            what to do.

    >>> load_speed("mlp_step")["id"]
    'mlp_step'
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise RecordError(
            f"a benchmark's name is small letters, digits and _ such as 'mlp_step'; got {name!r}"
        )
    path = (
        Path(folder) if folder is not None else repository() / "results" / "speed"
    ) / f"{name}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(f"no record {path}; make it with: make bench") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"{path} is not whole JSON ({error}); {REMEDY}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} cannot be read ({error}); {REMEDY}") from error
    missing = (
        [key for key in NEEDED if key not in content] if isinstance(content, dict) else list(NEEDED)
    )
    if missing:
        raise RecordError(
            f"{path} is no record of a benchmark: it lacks {', '.join(missing)}; {REMEDY}"
        )
    if content["id"] != name or not isinstance(content["results"], list) or not content["results"]:
        raise RecordError(f"{path} holds no results of {name!r}; {REMEDY}")
    return content
