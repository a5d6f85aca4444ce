"""Claims on the page: boxes, numbers and the table, in a small Sphinx project of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from _ext import claims, measured
from _ext.claims import inline, summary
from deeplearning.experiments import discovery
from deeplearning.records import KernelRecord, Record, RecordError, Verdict

CONF = 'extensions = ["myst_parser", "_ext.claims"]\nroot_doc = "index"\nhtml_theme = "basic"\n'
Build = Callable[..., tuple[str, str]]


def record(claim: str, outcome: str = "holds", **changes: object) -> Record:
    fields = {
        "id": claim,
        "claim": f"What {claim} says about `code` and $x^2$.",
        "verdict": Verdict(outcome, f"headline of {claim}: a_b * c_d"),
        "command": f"python -m deeplearning run {claim}",
    }
    return Record.example(**(fields | changes))


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Build pages over made-up records; returns the HTML of the page asked for and all warnings."""

    def run(
        pages: dict[str, str], known: list[Record], page: str = "index", later: Any = ()
    ) -> tuple[str, str]:
        by_id = {one.id: one for one in known}

        def load(claim: str) -> Record:
            if claim not in by_id:
                raise RecordError(
                    f"no record {claim}.json; make it with: python -m deeplearning run {claim}"
                )
            return by_id[claim]

        monkeypatch.setattr(claims, "load", load)
        monkeypatch.setattr(measured, "load", load)
        monkeypatch.setattr(claims, "load_all", lambda: by_id)
        monkeypatch.setattr(claims, "waiting", lambda known: later)
        parts = [("I · Neurons", [f"book/{one.chapter}" for one in known])]
        parts += [("VI · Performance", [f"book/{one.chapter}" for one, _ in later])]
        monkeypatch.setattr(claims, "chapter_parts", lambda env: parts)
        source = tmp_path / "source"
        (source / "results" / "claims").mkdir(parents=True)
        for one in known:
            (source / "results" / "claims" / f"{one.id}.json").write_text("{}")
        (source / "conf.py").write_text(CONF)
        for name, text in pages.items():
            path = source / f"{name}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        warnings = StringIO()
        with docutils_namespace():
            out = tmp_path / "out"
            app = Sphinx(
                source, source, out, tmp_path / "doctrees", "html", status=None, warning=warnings
            )
            app.build()
        return (out / f"{page}.html").read_text(encoding="utf-8"), warnings.getvalue()

    return run


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("outcome", ["holds", "holds partly", "does not hold"])
def test_box_has_everything(build: Build, outcome: str) -> None:
    html, warnings = build({"index": "# T\n\n```{claim} N3\n```\n"}, [record("N3", outcome)])
    assert not warnings
    assert f"claim-{outcome.replace(' ', '-')}" in html
    shown = words(html)
    for text in (
        f"Claim N3 {outcome}",
        "What N3 says about",
        "holds if the mean accuracy is 1",
        "headline of N3: a_b * c_d",
        "2 seeds, under 1 s in all, 1 January 2026, CPU, 2 cores",
        "N3.json",
        "python -m deeplearning run N3",
    ):
        assert text in shown, text
    assert 'id="claim-n3"' in html
    assert re.search(r'href="_downloads/\w+/N3\.json"', html)


def test_stale_record_is_marked(build: Build) -> None:
    html, _ = build({"index": "# T\n\n```{claim} N3\n```\n"}, [record("N3")])
    assert "verdict-stale" in html  # the example's source does not exist
    assert "the experiment’s source has changed" in html


def test_box_in_its_chapter_can_be_referred_to(build: Build) -> None:
    pages = {
        "index": "# T\n\n{ref}`claim-n3`\n\n```{toctree}\nbook/neurons/perceptron\n```\n",
        "book/neurons/perceptron": "# P\n\n```{claim} N3\n```\n",
    }
    html, warnings = build(pages, [record("N3")])
    assert not warnings
    assert 'href="book/neurons/perceptron.html#claim-n3"' in html


def test_claim_without_record_warns_with_place_and_remedy(build: Build) -> None:
    html, warnings = build({"index": "# T\n\n```{claim} N9\n```\n"}, [])
    assert re.search(r"index\.md:3: WARNING: claim N9: .*python -m deeplearning run N9", warnings)
    assert "not measured yet" in html


def test_number_of_a_record(build: Build) -> None:
    html, warnings = build(
        {"index": "# T\n\nIt is {record}`N3:accuracy.mean:.1%` of all.\n"}, [record("N3")]
    )
    assert not warnings
    assert "It is 75.0% of all." in words(html)


@pytest.mark.parametrize("expression", ["N3:nothing.mean:.1f", "N8:accuracy.mean:.1f", "nonsense"])
def test_number_that_is_not_there_warns(build: Build, expression: str) -> None:
    _, warnings = build({"index": f"# T\n\nIt is {{record}}`{expression}`.\n"}, [record("N3")])
    assert re.search(r"index\.md:3: WARNING: record: ", warnings)


def test_table_has_a_row_for_every_claim(build: Build) -> None:
    known = [record("N3"), record("N4", "does not hold"), record("N10", "holds partly")]
    pages = {
        "index": "# T\n\n```{claims-table}\n```\n\n```{toctree}\nbook/neurons/perceptron\n```\n"
    }
    pages["book/neurons/perceptron"] = "# The perceptron (퍼셉트론)\n\n```{claim} N3\n```\n"
    html, warnings = build(pages, known)
    assert not warnings
    shown = words(html)
    assert "3 claims measured: 1 holds, 1 holds partly, 1 does not hold." in shown
    assert re.findall(r'href="book/neurons/perceptron\.html#claim-(n\d+)"', html) == [
        "n3",
        "n4",
        "n10",
    ]
    assert "I · Neurons" in shown
    assert html.count("The perceptron</a>") == 3


def test_code_and_mathematics_in_claims() -> None:
    parts = inline("a `b_c` d $x*y$ e*f_g")
    assert [type(part) for part in parts] == [
        nodes.Text,
        nodes.literal,
        nodes.Text,
        nodes.math,
        nodes.Text,
    ]
    assert parts[-1].astext() == " e*f_g"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("falls to -0.14 and 1.9e-05", "falls to −0.14 and 1.9 × 10⁻⁵"),
        ("2-20-1 / 2-10-10-1", "2-20-1 / 2-10-10-1"),
        ("P^0.97, 65,536, 88.3%, x-1, (-1, 1)", "P^0.97, 65,536, 88.3%, x-1, (−1, 1)"),
    ],
)
def test_numbers_in_claims_are_typeset(text: str, shown: str) -> None:
    assert "".join(part.astext() for part in inline(text)) == shown


def test_summary_counts() -> None:
    assert summary([record("N1")]) == "1 claim measured: 1 holds."
    assert summary([record("N1"), record("N2"), record("N3", "does not hold")]) == (
        "3 claims measured: 2 hold, 1 does not hold."
    )


def test_one_run_is_not_called_several_seeds() -> None:
    machine = {"cores": 1, "cpu": "Some(R) CPU @ 2 GHz"}
    single = SimpleNamespace(
        seeds=(0,), machine=machine, seconds=65, time="2026-03-01T12:00:00Z", config={}
    )
    text = claims.Claim._circumstances(single)  # type: ignore[arg-type]
    assert text == "1 run (nothing is random), 65 s in all, 1 March 2026, Some, 1 core"


WAITING = [(discovery.get(id), "not yet measured on a GPU") for id in ("P1", "P2")]


def test_a_claim_that_waits_for_a_gpu_says_so_with_its_criterion(build: Build) -> None:
    html, warnings = build({"index": "# T\n\n```{claim} P1\n```\n"}, [], later=WAITING)
    assert not warnings
    shown = words(html)
    assert "Claim P1 not yet measured on a GPU" in shown
    assert "A matrix product written in Triton" in shown
    assert "reaches 1.00 on large squares" in shown
    assert 'id="claim-p1"' in html
    assert "verdict-not-measured-yet" in html
    assert "Result" not in shown


def test_the_table_lists_what_waits(build: Build) -> None:
    pages = {
        "index": "# T\n\n```{claims-table}\n```\n\n```{toctree}\nbook/performance/matrix-product-on-a-gpu\n```\n",
        "book/performance/matrix-product-on-a-gpu": "# Product\n\n```{claim} P1\n```\n",
    }
    html, warnings = build(pages, [record("N3")], later=WAITING)
    assert not warnings
    shown = words(html)
    assert "1 claim measured: 1 holds. 2 not yet measured on a GPU." in shown
    assert shown.count("not yet measured on a GPU") == 3
    assert "VI · Performance" in shown
    assert 'href="book/performance/matrix-product-on-a-gpu.html#claim-p1"' in html


def test_what_waits_is_found_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = {experiment.id: reason for experiment, reason in claims.waiting(known=())}
    assert set(found) <= {"D12", "P1", "P2", "P3", "P6"}
    assert set(found.values()) <= {"not yet measured on a GPU"}
    assert claims.waiting(known=discovery.find()) == []


def test_a_claim_about_kernels_names_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "load_kernels", lambda op, machine: KernelRecord.example())
    judged = record("P1", config={"kernels": "matmul", "machine": "example"})
    text = claims.Claim._circumstances(judged)
    assert text == (
        "1 case on an Example GPU, driver 1.0, PyTorch 2.11.0, Triton 3.6.0, 1 January 2026"
    )
    monkeypatch.setattr(Record, "stale", False)
    assert claims.is_stale(judged), "the example's kernels are none of this repository"
    assert not claims.is_stale(record("N3"))


def test_a_page_is_read_again_when_its_record_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "CLAIMS", tmp_path)
    (tmp_path / "N3.json").write_text("{}")
    noted: list[str] = []
    env: Any = SimpleNamespace(docname="perceptron", note_dependency=noted.append)
    for claim in ("N3", "N9"):
        claims._depend(env, claim)
    assert noted == [str(tmp_path / "N3.json")]
    nothing: Any = None
    assert claims._arrived(nothing, env) == []
    (tmp_path / "N9.json").write_text("{}")
    assert claims._arrived(nothing, env) == ["perceptron"]
    merged: Any = SimpleNamespace()
    claims._merge(nothing, merged, ["perceptron", "other"], env)
    assert claims._arrived(nothing, merged) == ["perceptron"]
    claims._forget(nothing, env, "perceptron")
    assert claims._arrived(nothing, env) == []
