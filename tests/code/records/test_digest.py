"""Digests: what changes them and what does not."""

from pathlib import Path

import pytest

from deeplearning.records import measurement_digest, source_digest

SOURCE = '''
"""Module docstring."""
from dataclasses import dataclass

@dataclass(frozen=True)
class Config:
    """Settings."""
    epochs: int = 20

def helper(value):
    return value + 1

def run(config, seed):
    """Run."""
    return {"a": helper(seed)}

def criterion(metrics):
    return metrics

EXPERIMENT = Experiment(id="N3", claim="A bias is needed.", run=run, criterion=criterion)
'''


@pytest.fixture
def digests(tmp_path: Path):
    def of(text: str) -> tuple[str, str]:
        path = tmp_path / "n03_bias.py"
        path.write_text(text, encoding="utf-8")
        return source_digest(path), measurement_digest(path)

    return of


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Module docstring."""', '"""Another docstring,\nlonger."""'),
        ('    """Run."""\n', ""),
        ("def helper(value):\n", "def helper(value):  # why\n\n"),
        ('"a"', "'a'"),
        ("value + 1", "(value + 1)"),
    ],
    ids=["docstring", "no docstring", "comment", "quotes", "brackets"],
)
def test_what_does_not_matter_changes_no_digest(digests, old: str, new: str) -> None:
    assert old in SOURCE
    assert digests(SOURCE.replace(old, new)) == digests(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value + 1", "value + 2"),
        ("value + 1", "value - 1"),
        ("value + 1", "value + 1.0"),
        ("value + 1", "value + True"),
        ("epochs: int = 20", "epochs: int = 21"),
        ("frozen=True", "frozen=False"),
        ("(config, seed)", "(seed, config)"),
        ('{"a": helper(seed)}', '{"b": helper(seed)}'),
        ("return value + 1", "return None"),
        ("return value + 1", "return"),
    ],
)
def test_code_that_runs_changes_both(digests, old: str, new: str) -> None:
    assert old in SOURCE
    changed, original = digests(SOURCE.replace(old, new)), digests(SOURCE)
    assert changed[0] != original[0]
    assert changed[1] != original[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [("A bias is needed.", "No bias is needed."), ("return metrics", "return metrics or None")],
)
def test_claim_and_criterion_change_the_source_but_not_the_measurement(
    digests, old: str, new: str
) -> None:
    changed, original = digests(SOURCE.replace(old, new)), digests(SOURCE)
    assert changed[0] != original[0]
    assert changed[1] == original[1]


def test_a_criterion_that_the_run_uses_belongs_to_the_measurement(digests) -> None:
    used = SOURCE.replace("return {", "criterion(seed)\n    return {")
    assert digests(used)[1] != digests(used.replace("return metrics", "return metrics or None"))[1]


def test_an_annotated_or_unusual_experiment_statement(digests) -> None:
    annotated = SOURCE.replace("EXPERIMENT =", "EXPERIMENT: Experiment =")
    assert digests(annotated)[1] == digests(SOURCE)[1]
    # No call, and a criterion that is not a plain name: then every function belongs to the measurement.
    for statement in (
        "EXPERIMENT = make",
        "EXPERIMENT = Experiment(criterion=lambda m: m)",
        "EXPERIMENT = Experiment(run=run)",
    ):
        text = SOURCE[: SOURCE.index("EXPERIMENT")] + statement
        assert digests(text)[1] != digests(text.replace("return metrics", "return 1"))[1]


def test_digest_does_not_depend_on_the_version_of_python(digests) -> None:
    # Python 3.12 gave functions `type_params`, 3.13 leaves empty lists out of `ast.dump`: neither may show. This text
    # has each kind of empty field; its digest was computed by hand from the documented form.
    import hashlib

    text = "def f():\n    return None\n"
    form = (
        "Module(body=[FunctionDef(name='f',args=arguments(),body=[Return(value=NoneType:None)])])"
    )
    assert digests(text)[0] == hashlib.sha256(form.encode()).hexdigest()


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        source_digest(tmp_path / "absent.py")
    (tmp_path / "broken.py").write_text("def", encoding="utf-8")
    with pytest.raises(SyntaxError):
        source_digest(tmp_path / "broken.py")
