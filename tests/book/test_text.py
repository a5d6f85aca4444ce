"""Rules that every chapter keeps: quoted code exists, claims are measured, exercises are solved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from _ext.paths import CLAIMS, ROOT
from _ext.plain_markdown import Directive, directives, quoted_source
from book_pages import NUMBERED, PAGES, source, text
from deeplearning import experiments, records

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)


def named(page: str, name: str) -> list[Directive]:
    return [directive for directive in directives(text(page)) if directive.name == name]


def claims_of(page: str) -> list[str]:
    return [directive.argument for directive in named(page, "claim")]


def cells(page: str) -> list[tuple[dict[str, object], str]]:
    """Metadata and source of each code cell."""
    found = []
    for body in CELL.findall(text(page)):
        block = re.match(r"---\n(.*?)^---\n", body, re.MULTILINE | re.DOTALL)
        short = re.match(r"(?::[^\n]*\n)+", body)
        if block:
            found.append((yaml.safe_load(block.group(1)), body[block.end() :]))
        elif short:
            options = dict(re.findall(r"^:([\w-]+):\s*(.*)$", short.group(), re.MULTILINE))
            found.append((options, body[short.end() :]))
        else:
            found.append(({}, body))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_page_exists_with_one_title(page: str) -> None:
    prose = re.sub(r"^(`{3,}).*?^\1\s*$", "", text(page), flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1


@pytest.mark.parametrize("page", NUMBERED)
def test_quoted_objects_exist(page: str) -> None:
    quotes = named(page, "literalinclude")
    assert quotes, f"{page} quotes no source: chapters show the code that they run"
    for quote in quotes:
        file = (source(page).parent / quote.argument).resolve()
        assert any(file.is_relative_to(ROOT / room) for room in ("code", "kernels")), (
            f"{page} quotes {quote.argument}, which is neither in code/ nor in kernels/"
        )
        assert quoted_source(file, quote.options).strip()


@pytest.mark.parametrize("page", NUMBERED)
def test_claims_have_records_and_experiments(page: str) -> None:
    claims = claims_of(page)
    assert claims, f"{page} measures no claim"
    assert len(claims) == len(set(claims))
    for claim in claims:
        experiment = experiments.get(claim)
        assert f"book/{experiment.chapter}" in PAGES
        if not experiment.waiting():
            record = records.load(claim)
            assert (record.claim, record.chapter) == (experiment.claim, experiment.chapter)


def test_every_experiment_has_its_record_and_its_box() -> None:
    for experiment in experiments.discover().values():
        page = f"book/{experiment.chapter}"
        assert page in NUMBERED, (
            f"{experiment.id} names the chapter {experiment.chapter!r}, which _toc.yml has not"
        )
        assert experiment.id in claims_of(page), f"{page} lacks the box of claim {experiment.id}"
        assert (CLAIMS / f"{experiment.id}.json").is_file() != bool(experiment.waiting())


def test_every_record_has_an_experiment_and_none_is_stale() -> None:
    known = records.load_all()
    measured = {id for id, one in experiments.discover().items() if not one.waiting()}
    assert set(known) == measured
    assert [claim for claim, record in known.items() if record.stale] == []


@pytest.mark.parametrize("page", NUMBERED)
def test_every_exercise_has_an_executed_solution(page: str) -> None:
    exercises = [directive.options["label"] for directive in named(page, "exercise")]
    assert 3 <= len(exercises) <= 6
    body = text(page)
    starts = re.findall(r"\{solution-start\}\s+(\S+)", body)
    assert starts == exercises, "each exercise is followed, in order, by its solution"
    for label, rest in zip(starts, re.split(r"\{solution-start\}\s+\S+", body)[1:], strict=True):
        solution, end, _ = rest.partition("{solution-end}")
        assert end, f"the solution of {label} has no end"
        assert "{code-cell}" in solution, f"the solution of {label} runs nothing"
        assert "assert" in solution, f"the solution of {label} checks nothing"


@pytest.mark.parametrize("page", NUMBERED)
def test_figures_have_captions_names_and_alternative_texts(page: str) -> None:
    for options, body in cells(page):
        if "figures.show(" not in body:
            continue
        settings = options.get("mystnb", {})
        assert isinstance(settings, dict), (
            f"{page}: a figure's cell needs its caption in a --- block\n{body}"
        )
        figure, image = settings.get("figure", {}), settings.get("image", {})
        assert figure.get("caption"), f"{page}: a figure without caption\n{body}"
        assert str(figure.get("name", "")).startswith("fig-"), (
            f"{page}: a figure without name\n{body}"
        )
        assert image.get("alt"), f"{page}: a figure without alternative text\n{body}"


@pytest.mark.parametrize("page", NUMBERED)
def test_glued_numbers_are_crossdocument_and_formatted(page: str) -> None:
    for quoted in re.findall(r"\{glue:text\}`([^`]+)`", text(page)):
        assert re.fullmatch(r"[\w./-]+\.md::[\w-]+:\S+", quoted), (
            f"{page}: {quoted!r} lacks its page or its format"
        )


@pytest.mark.parametrize("page", PAGES)
def test_what_the_book_build_cannot_translate_is_not_used(page: str) -> None:
    assert not re.search(r"^\[\^[^\]]+\]:", text(page), re.MULTILINE), (
        f"{page}: a Markdown footnote"
    )
    if "{margin}" in text(page):
        assert re.search(r"^## ", text(page), re.MULTILINE), (
            f"{page}: {{margin}} needs a ## heading"
        )


def test_bibliography_holds_what_is_cited_and_nothing_else() -> None:
    entries = set(
        re.findall(
            r"^@\w+\{([^,\s]+),", (ROOT / "book" / "references.bib").read_text(), re.MULTILINE
        )
    )
    cited = {
        key.strip()
        for page in PAGES
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text(page))
        for key in keys.split(",")
    }
    assert cited - entries == set()
    assert entries - cited == set()


def test_no_page_names_a_folder_of_one_machine() -> None:
    for page in PAGES:
        assert not re.search(r"/(?:home|root|work|tmp|Users)/\w", text(page)), page


def test_sources_of_pages_are_the_pages() -> None:
    hidden = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in Path(ROOT, "book").rglob("*.md")
    }
    assert {page for page in hidden if not page.endswith("README")} == set(PAGES)
