"""Numbers of records for the prose: `N3:accuracy.mean:.1%` and its relatives."""

from __future__ import annotations

import re
from typing import Any

from deeplearning.records import Record, RecordError, load

STATISTICS = ("mean", "std", "min", "max", "median")
EXPRESSION = re.compile(
    r"(?P<id>[A-Z][1-9][0-9]*):(?P<name>\w+)(?:\.(?P<part>\w+))?(?P<index>(?:\[-?\d+\])*):(?P<format>.+)"
)
USAGE = (
    "write ID:metric.mean|std|min|max|median:format, ID:metric.mean[2]:format, ID:config.setting:format or "
    "ID:seeds:d, e.g. N3:accuracy.mean:.1%"
)
POWER = re.compile(r"^(?P<number>-?[0-9.]+)e(?P<exponent>[+-]?[0-9]+)$")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class QuoteError(ValueError):
    """A number that cannot be quoted; the message says what was asked and what there is."""


def quote(expression: str) -> str:
    """The number that an expression names, formatted for prose.

    Raises:
        QuoteError: the expression is malformed, or names what the record does not have.
        RecordError: the record is missing or broken.
    """
    match = EXPRESSION.fullmatch(expression.strip())
    if match is None:
        raise QuoteError(f"{expression!r} quotes no number; {USAGE}")
    record = load(match["id"])
    value = _select(record, match["name"], match["part"])
    for index in re.findall(r"-?\d+", match["index"]):
        try:
            value = value[int(index)]
        except (IndexError, TypeError) as error:
            raise QuoteError(f"{expression!r}: no element [{index}] in {value!r}") from error
    return _format(value, match["format"], expression)


def _select(record: Record, name: str, part: str | None) -> Any:
    if part is None:
        simple = {
            "seeds": len(record.seeds),
            "seconds": record.seconds,
            "headline": record.verdict.headline,
            "outcome": record.verdict.outcome,
        }
        if name in simple:
            return simple[name]
        raise QuoteError(f"{record.id} has no {name!r} on its own; {USAGE}")
    if name == "config":
        if part not in record.config:
            raise QuoteError(
                f"{record.id} has no setting {part!r}; it has {', '.join(sorted(record.config))}"
            )
        return record.config[part]
    if part not in STATISTICS:
        raise QuoteError(f"{record.id}: {part!r} is no statistic; use {', '.join(STATISTICS)}")
    if name not in record.metrics:
        raise QuoteError(
            f"{record.id} has no metric {name!r}; it has {', '.join(sorted(record.metrics))}"
        )
    return getattr(record, part)(name)


def _format(value: Any, form: str, expression: str) -> str:
    if isinstance(value, float) and form.endswith(("d", ",")) and value.is_integer():
        value = int(value)  # a mean of whole numbers may be quoted as one
    try:
        text = format(value, form)
    except (TypeError, ValueError) as error:
        raise QuoteError(
            f"{expression!r}: {value!r} does not take the format {form!r} ({error})"
        ) from error
    return typeset(text)


def typeset(text: str) -> str:
    """A formatted number as prose prints it: a real minus sign, powers of ten.

    >>> typeset("-0.5"), typeset("1.2e-05"), typeset("holds")
    ('−0.5', '1.2 × 10⁻⁵', 'holds')
    """
    power = POWER.match(text)
    if power:
        exponent = str(int(power["exponent"])).translate(SUPERSCRIPT)
        text = f"{power['number']} × 10{exponent}"
    return re.sub(r"^-(?=[0-9.])", "−", text)


__all__ = ["QuoteError", "RecordError", "quote", "typeset"]
