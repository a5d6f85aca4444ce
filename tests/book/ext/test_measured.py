"""Numbers quoted from records."""

from __future__ import annotations

import pytest

from _ext import measured
from _ext.measured import QuoteError, quote, typeset
from deeplearning.records import Metrics, Record


@pytest.fixture(autouse=True)
def _one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record.example(
        id="N3",
        seeds=(0, 1, 2),
        config={"epochs": 20, "sizes": [4, 2]},
        metrics=Metrics(
            {
                "accuracy": [0.5, 0.75, 1.0],
                "losses": [[4.0, 1.0], [2.0, 1.0], [3.0, 1.0]],
                "drop": [-2, -2, -2],
            }
        ),
        protocol={"backend": "loky", "seconds": [1.0, 2.0, 3.0], "seeds": "0, 1, 2", "threads": 1},
    )
    monkeypatch.setattr(measured, "load", lambda claim: record)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("N3:accuracy.mean:.1%", "75.0%"),
        ("N3:accuracy.std:.2f", "0.25"),
        ("N3:accuracy.min:.2f", "0.50"),
        ("N3:accuracy.max:.0f", "1"),
        ("N3:accuracy.median:.2f", "0.75"),
        ("N3:losses.mean[0]:.1f", "3.0"),
        ("N3:losses.max[-1]:.0f", "1"),
        ("N3:config.epochs:d", "20"),
        ("N3:config.sizes[1]:d", "2"),
        ("N3:seeds:d", "3"),
        ("N3:seconds:.0f", "6"),
        ("N3:outcome:s", "holds partly"),
        ("N3:drop.mean:d", "−2"),
        (" N3:seeds:d ", "3"),
    ],
)
def test_quoted_number(expression: str, shown: str) -> None:
    assert quote(expression) == shown


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("N3", "quotes no number"),
        ("N3:accuracy.mean", "quotes no number"),
        ("N3:accuracy:.1%", "on its own"),
        ("N3:acuracy.mean:.1%", "it has accuracy"),
        ("N3:accuracy.average:.1%", "mean, std"),
        ("N3:config.epoch:d", "it has epochs"),
        ("N3:losses.mean[9]:.1f", r"\[9\]"),
        ("N3:accuracy.mean:d", "does not take the format"),
        ("N3:losses.mean:.1f", "does not take the format"),
    ],
)
def test_wrong_quotation_says_what_there_is(expression: str, message: str) -> None:
    with pytest.raises(QuoteError, match=message):
        quote(expression)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("-1.5", "−1.5"), ("3.2e-07", "3.2 × 10⁻⁷"), ("-1e+03", "−1 × 10³"), ("a-b", "a-b")],
)
def test_typeset(text: str, shown: str) -> None:
    assert typeset(text) == shown
