"""A record as text: a line a case, then the targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepkernels.bench import targets


def duration(seconds: float | None) -> str:
    """Return a time with three digits.

    >>> duration(1.234e-3), duration(45.6e-6), duration(None)
    ('1.23 ms', '45.6 µs', '-')
    """
    if seconds is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:#.3g}".rstrip(".") + f" {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def line(case: Mapping[str, Any]) -> str:
    """Return one case's progress line."""
    if case["failures"]:
        return f"{case['key']}: FAILED: {'; '.join(case['failures'])}"
    ours = targets.seconds(case, "ours")
    parts = [f"ours {duration(ours)}"]
    if ours is not None:
        parts[0] += (
            f" ({case['flops'] / ours / 1e12:.1f} TFLOP/s, {case['attained']:.0%} of attainable)"
        )
    for name, times in sorted(case["contenders"].items()):
        if name == "ours":
            continue
        if "median" not in times:
            parts.append(f"{name} failed")
            continue
        ratio = targets.ratio(case, name)
        text = f"{name} {duration(times['median'])}"
        parts.append(text + (f" = {ratio:.2f} × ours" if ratio is not None else ""))
    return f"{case['key']}: {', '.join(parts)}"


def _ratio(case: Mapping[str, Any], peer: str) -> str:
    value = targets.ratio(case, peer)
    return "-" if value is None else f"{value:.2f}"


def table(record: Mapping[str, Any]) -> str:
    """Return all cases, with times, the peers' time ÷ ours and the share of the attainable; then targets and rungs."""
    heads = ("case", "ours", "vendor", "÷ ours", "compile", "÷ ours", "eager", "÷ ours", "of roof")
    rows = []
    for case in record["cases"]:
        if case["group"] == "ladder":
            continue
        cells = [case["key"], duration(targets.seconds(case, "ours"))]
        for peer in ("vendor", "compile", "eager"):
            cells += [duration(targets.seconds(case, peer)), _ratio(case, peer)]
        attained = case.get("attained")
        cells.append(
            "failed" if case["failures"] else "-" if attained is None else f"{attained:.0%}"
        )
        rows.append(cells)
    texts = [record["id"], _columns([list(heads), *rows])]
    texts += [ladder(case) for case in record["cases"] if case["group"] == "ladder"]
    if found := summary(record):
        texts.append(found)
    return "\n\n".join(texts)


def _columns(rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *rest = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return "\n".join(lines)


def ladder(case: Mapping[str, Any]) -> str:
    """Return what each rung of a ladder gained over the one before, at one shape."""
    rungs = [name for name in case["order"] if "median" in case["contenders"].get(name, {})]
    rows, before = [["rung", "time", "TFLOP/s", "gain", "÷ vendor"]], None
    vendor = targets.seconds(case, "vendor")
    for name in rungs:
        seconds = case["contenders"][name]["median"]
        gain = "-" if before is None or name == "vendor" else f"{before / seconds:.2f} ×"
        share = "-" if vendor is None else f"{vendor / seconds:.2f}"
        rows.append([name, duration(seconds), f"{case['flops'] / seconds / 1e12:.1f}", gain, share])
        before = seconds
    return f"{case['key']}, one rung after the other\n{_columns(rows)}"


def summary(record: Mapping[str, Any]) -> str:
    """Return each target with what was reached."""
    rows = []
    for found in targets.judged(record):
        value = "-" if found.value is None else f"{found.value:.3g}"
        verdict = {None: "not measured", True: "met", False: "missed"}[found.met]
        rows.append([found.target.what, value, f"{found.n} cases", verdict])
    return _columns([["target", "reached", "over", ""], *rows]) if rows else ""
