"""Small phrases: dates, durations, counts, names of processors."""

from __future__ import annotations

import re
from datetime import datetime

PLURAL = {"holds": "hold", "holds partly": "hold partly", "does not hold": "do not hold"}


def day(time: str) -> str:
    """A record's time as a date.

    >>> day("2026-03-01T12:00:00Z")
    '1 March 2026'
    """
    when = datetime.fromisoformat(time.replace("Z", "+00:00"))
    return f"{when.day} {when:%B %Y}"


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(0.24), duration(65), duration(8000)
    ('under 1 s', '65 s', '133 min')
    """
    if seconds < 1:
        return "under 1 s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def cpu_name(model: str) -> str:
    """A processor's model without trade marks and clock rate.

    >>> cpu_name("Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz")
    'Intel Xeon Platinum 8488C'
    """
    return " ".join(re.sub(r"\((R|TM)\)|(?<=\s)CPU\b|@.*$", " ", model).split())


def counted(count: int, outcome: str) -> str:
    """A number of claims with one outcome.

    >>> counted(1, "holds"), counted(2, "does not hold")
    ('1 holds', '2 do not hold')
    """
    return f"{count} {outcome if count == 1 else PLURAL[outcome]}"
