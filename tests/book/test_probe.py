"""The probe must see each fault that it is there to see: every fault is planted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe import DESK, HOW_TO_INSTALL, PHONE, Probe, overflow, require_browser, resize

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><main><article><h1>A page</h1>{body}</article></main></body></html>"""


def write(folder: Path, body: str, head: str = "") -> str:
    path = folder / "page.html"
    path.write_text(PAGE.format(head=head, body=body), encoding="utf-8")
    return path.as_uri()


def test_sound_page_gives_no_findings(probe: Probe, tmp_path: Path) -> None:
    body = (
        "<p>Text</p><pre style='overflow-x: auto; width: 100%' tabindex='0'>"
        + "long " * 200
        + "</pre>"
    )
    findings = probe.visit(write(tmp_path, body), width=390, accessibility=True)
    assert not findings, findings


@pytest.mark.parametrize(
    "body",
    [
        "<img src='https://example.invalid/a.png' alt='far away'>",
        "<script>fetch('https://example.invalid/data.json').catch(() => 0)</script>",
        "<link rel='stylesheet' href='http://example.invalid/a.css'>",
    ],
    ids=["image", "fetch", "stylesheet"],
)
def test_network_request_is_seen(probe: Probe, tmp_path: Path, body: str) -> None:
    assert any("example.invalid" in url for url in probe.visit(write(tmp_path, body)).network)


@pytest.mark.parametrize(
    "body",
    ["<script>console.error('planted')</script>", "<script>throw new Error('planted')</script>"],
    ids=["console", "exception"],
)
def test_console_error_is_seen(probe: Probe, tmp_path: Path, body: str) -> None:
    assert any("planted" in line for line in probe.visit(write(tmp_path, body)).console)


def test_missing_file_is_seen(probe: Probe, tmp_path: Path) -> None:
    assert probe.visit(write(tmp_path, "<img src='gone.png' alt='gone'>")).console


def test_overflow_is_seen_only_where_the_window_is_too_narrow(probe: Probe, tmp_path: Path) -> None:
    url = write(tmp_path, "<div style='width: 600px'>wide</div>")
    assert not probe.visit(url, width=1280).overflow
    assert "218 px" in probe.visit(url, width=390).overflow[0]  # 8 px margin + 600 px − 390 px


def test_overflow_inside_closed_details_is_seen(probe: Probe, tmp_path: Path) -> None:
    body = "<details><summary>More</summary><div style='width: 600px'>wide</div></details>"
    with probe.page(write(tmp_path, body), width=390) as (page, _):
        assert not overflow(page)
    assert probe.visit(write(tmp_path, body), width=390).overflow


def test_unrendered_mathematics_is_seen(probe: Probe, tmp_path: Path) -> None:
    assert probe.visit(write(tmp_path, r"<span class='math'>\(x\)</span>")).mathematics


def test_broken_mathematics_is_seen(probe: Probe, tmp_path: Path) -> None:
    script = Path(__file__).resolve().parents[2] / "book" / "_web" / "mathjax" / "tex-chtml.js"
    head = f"<script defer src='{script.as_uri()}'></script>"
    sound = probe.visit(write(tmp_path, r"<span class='math'>\(x^2\)</span>", head))
    assert not sound.mathematics, sound
    broken = probe.visit(write(tmp_path, r"<span class='math'>\(\frac{1}\)</span>", head))
    assert any("broken" in line for line in broken.mathematics)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("<p style='color: #bbb; background: #fff'>pale</p>", "color-contrast"),
        ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", "image-alt"),
        ("<button></button>", "button-name"),
    ],
)
def test_grave_violation_is_seen(probe: Probe, tmp_path: Path, body: str, rule: str) -> None:
    findings = probe.visit(write(tmp_path, body), accessibility=True)
    assert any(rule in line for line in findings.accessibility)


@pytest.mark.parametrize(
    "body",
    [
        "<div class='highlight'><pre><span style='color: #ddd; background: #fff'>x = 1</span></pre></div>",
        "<p><mjx-container style='color: #ddd; background: #fff'>formula</mjx-container></p>",
    ],
)
def test_code_and_formulas_can_be_left_out(probe: Probe, tmp_path: Path, body: str) -> None:
    with probe.page(write(tmp_path, body)) as (page, _):
        assert any("color-contrast" in line for line in probe.violations(page))
        assert not probe.violations(page, whole=False)


def test_violation_in_the_dark_is_seen(probe: Probe, tmp_path: Path) -> None:
    head = (
        "<style>@media (prefers-color-scheme: dark) { body { background: #111; color: #333 } }</style>"
        "<meta name='color-scheme' content='light dark'>"
    )
    url = write(tmp_path, "<p>Only readable in the light</p>", head)
    assert not probe.visit(url, accessibility=True).accessibility
    assert probe.visit(url, scheme="dark", accessibility=True).accessibility


def test_no_browser_skips_at_home_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.find_browser", lambda: None)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="install"):
        require_browser()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="install"):
        require_browser()
    assert "chromium" in HOW_TO_INSTALL


def test_overflow_is_seen_after_the_window_has_changed(probe: Probe, tmp_path: Path) -> None:
    url = write(tmp_path, "<div style='width: 600px'>wide</div>")
    with probe.page(url, PHONE) as (page, _):
        assert overflow(page)
        resize(page, DESK)
        assert not overflow(page)
        resize(page, PHONE)
        assert overflow(page)


def test_some_rules_can_be_asked_for(probe: Probe, tmp_path: Path) -> None:
    body = "<button></button><p style='color: #ddd; background: #fff'>pale</p>"
    with probe.page(write(tmp_path, body)) as (page, _):
        found = probe.violations(page, rules=("color-contrast",))
    assert found
    assert all("color-contrast" in line for line in found)
