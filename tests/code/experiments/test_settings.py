"""Typed settings from the command line."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplearning.experiments import ExperimentError
from deeplearning.experiments.settings import accepted, as_json, override, parse


@dataclass(frozen=True)
class Config:
    epochs: int = 20
    rate: float = 0.1
    shuffle: bool = True
    name: str = "adam"
    patience: int | None = None
    widths: tuple[int, ...] = (8, 4)
    span: tuple[float, float] = (0.0, 1.0)
    kind: Literal["relu", "tanh"] = "relu"
    either: int | float | str = 1
    layers: tuple[tuple[int, int], ...] = ((1, 2),)
    old: Optional[float] = None  # noqa: UP045 - the older spelling must work too
    table: dict = field(default_factory=dict)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("epochs=3", 3),
        ("epochs= -3 ", -3),
        ("rate=1e-3", 0.001),
        ("rate=2", 2.0),
        ("shuffle=no", False),
        ("shuffle=True", True),
        ("shuffle=0", False),
        ("name=sgd with spaces", "sgd with spaces"),
        ("name=a=b", "a=b"),
        ("name=", ""),
        ("patience=none", None),
        ("patience=4", 4),
        ("widths=3", (3,)),
        ("widths=3, 4,5", (3, 4, 5)),
        ("widths=(3,4)", (3, 4)),
        ("widths=[3, 4]", (3, 4)),
        ("widths=", ()),
        ("widths=3,", (3,)),
        ("span=0,2.5", (0.0, 2.5)),
        ("kind=tanh", "tanh"),
        ("either=3", 3),
        ("either=0.5", 0.5),
        ("either=x", "x"),
        ("layers=(1,2),(3,4)", ((1, 2), (3, 4))),
        ("layers=((1,2),(3,4))", ((1, 2), (3, 4))),
        ("old=None", None),
        ("old=0.25", 0.25),
    ],
)
def test_accepted_settings(setting: str, value: object) -> None:
    name = setting.partition("=")[0]
    result = getattr(override(Config(), [setting]), name)
    assert result == value
    assert type(result) is type(value)


def test_one_pair() -> None:
    assert override(Config(), ["layers=(3,4),"]).layers == ((3, 4),)
    assert override(Config(), ["layers=((3,4),)"]).layers == ((3, 4),)


@pytest.mark.parametrize(
    ("setting", "type_name", "form"),
    [
        ("epochs=2.5", "int", "a whole number such as 20"),
        ("epochs=", "int", "a whole number"),
        ("epochs=ten", "int", "a whole number"),
        ("rate=fast", "float", "a finite number such as 0.1"),
        ("rate=nan", "float", "a finite number"),
        ("rate=inf", "float", "a finite number"),
        ("shuffle=maybe", "bool", "true or false"),
        ("patience=soon", "int | None", "a whole number such as 20 or none"),
        (
            "widths=3,x",
            "tuple[int, ...]",
            "values separated by commas, each a whole number such as 20 (e.g. 8,4)",
        ),
        ("widths=3,,4", "tuple[int, ...]", "values separated by commas"),
        ("span=1", "tuple[float, float]", "2 values separated by commas"),
        ("span=1,2,3", "tuple[float, float]", "2 values separated by commas"),
        ("kind=gelu", "Literal['relu', 'tanh']", "one of relu, tanh"),
        ("layers=(1,2", "tuple[tuple[int, int], ...]", "each 2 values separated by commas"),
        ("layers=((1,2)", "tuple[tuple[int, int], ...]", "each 2 values"),
        ("layers=1,2)", "tuple[tuple[int, int], ...]", "each 2 values"),
        ("layers=(1,2,3),", "tuple[tuple[int, int], ...]", "each 2 values"),
        ("layers=(1,2)", "tuple[tuple[int, int], ...]", "each 2 values"),
        ("table=1", "dict", "nothing from the command line"),
    ],
)
def test_refused_settings_name_field_type_and_form(setting: str, type_name: str, form: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        override(Config(), [setting])
    name, _, text = setting.partition("=")
    message = str(caught.value)
    assert f"setting {name!r} has the type {type_name} and takes " in message
    assert form in message
    assert message.endswith(f"got {text!r}")


def test_unknown_twice_and_without_equals() -> None:
    with pytest.raises(
        ExperimentError,
        match=r"no setting 'epoch' \(did you mean 'epochs'\?\); there are epochs, rate",
    ):
        override(Config(), ["epoch=3"])
    with pytest.raises(ExperimentError, match="no setting 'zzz'; there are"):
        override(Config(), ["zzz=3"])
    with pytest.raises(ExperimentError, match="'epochs' is given twice"):
        override(Config(), ["epochs=3", "epochs=4"])
    with pytest.raises(ExperimentError, match="a setting is name=value; got 'epochs'"):
        override(Config(), ["epochs"])


def test_no_settings_and_no_fields() -> None:
    @dataclass(frozen=True)
    class Empty:
        pass

    assert override(Config(), []) == Config()
    with pytest.raises(ExperimentError, match="there are none"):
        override(Empty(), ["a=1"])


def test_a_configuration_may_check_itself() -> None:
    @dataclass(frozen=True)
    class Checked:
        epochs: int = 1

        def __post_init__(self) -> None:
            if self.epochs < 1:
                raise ValueError("epochs must be positive")

    with pytest.raises(ExperimentError, match="epochs=0: epochs must be positive"):
        override(Checked(), ["epochs=0"])


@given(st.integers())
def test_any_whole_number(value: int) -> None:
    assert parse(str(value), int) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number(value: float) -> None:
    assert math.copysign(1, parse(repr(value), float)) == math.copysign(1, value)
    assert parse(repr(value), float) == value


@given(st.lists(st.tuples(st.integers(), st.integers())))
def test_any_tuple_of_pairs_as_python_writes_it(value: list) -> None:
    assert parse(repr(tuple(value)), tuple[tuple[int, int], ...]) == tuple(value)


@given(st.text(alphabet="()[],12 x", max_size=12))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        result = parse(text, tuple[tuple[int, int], ...])
    except ValueError:
        return
    assert all(isinstance(pair, tuple) and len(pair) == 2 for pair in result)


def test_words_for_types() -> None:
    assert accepted(tuple[str, ...]) == "values separated by commas, each text"
    assert accepted(tuple[float, ...]).endswith("(e.g. 0.1,0.01)")


def test_configuration_as_json() -> None:
    @dataclass(frozen=True)
    class Nested:
        inner: Config = Config(epochs=1, table={1: (2, 3)})

    assert as_json(Config())["widths"] == [8, 4]
    assert as_json(Config())["layers"] == [[1, 2]]
    inner: Any = as_json(Nested())["inner"]
    assert inner["epochs"] == 1
    assert inner["table"] == {"1": [2, 3]}


@pytest.mark.parametrize("value", [float("nan"), np.float32(1), frozenset({1}), object()])
def test_what_json_cannot_hold_is_named(value: object) -> None:
    @dataclass(frozen=True)
    class Odd:
        rate: Any = value

    with pytest.raises(ExperimentError, match="setting 'rate' is"):
        as_json(Odd())
