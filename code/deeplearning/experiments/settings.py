"""Typed settings: `--set key=value` against the fields of a frozen dataclass."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from deeplearning.experiments.errors import ExperimentError

Config = TypeVar("Config")
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def override(config: Config, settings: Sequence[str]) -> Config:
    """A copy of a configuration with some settings replaced, each given as `name=value`.

    Raises:
        ExperimentError: no `=`, an unknown name (the message lists the known ones), a name given twice, or a
            value that the field's type does not accept (the message says what it does).

    >>> @dataclasses.dataclass(frozen=True)
    ... class Example:
    ...     epochs: int = 20
    ...     widths: tuple[int, ...] = (4, 4)
    >>> override(Example(), ["epochs=3", "widths=8,2"])
    Example(epochs=3, widths=(8, 2))
    """
    hints = typing.get_type_hints(type(config))
    names = [field.name for field in dataclasses.fields(config)]  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals:
            raise ExperimentError(f"a setting is name=value; got {setting!r}")
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ExperimentError(
                f"no setting {name!r}{hint}; there are {', '.join(names) or 'none'}"
            )
        if name in changes:
            raise ExperimentError(f"setting {name!r} is given twice")
        try:
            changes[name] = parse(text.strip(), hints[name])
        except ValueError:
            raise ExperimentError(
                f"setting {name!r} has the type {_type_name(hints[name])} and takes {accepted(hints[name])}; "
                f"got {text!r}"
            ) from None
    try:
        return dataclasses.replace(config, **changes)  # type: ignore[type-var]
    except ValueError as error:
        # A configuration may check itself in __post_init__.
        raise ExperimentError(f"{', '.join(settings)}: {error}") from error


def parse(text: str, hint: Any) -> Any:
    """Read a value of the given type: int, float, bool, str, Literal, tuples of these, and unions with None.

    Raises:
        ValueError: the text is not of the type.

    >>> parse("1e-3", float), parse("none", int | None), parse("1,2", tuple[int, ...]), parse("no", bool)
    (0.001, None, (1, 2), False)
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _parse_union(text, arguments)
    if origin is Literal:
        for choice in arguments:
            if text == str(choice):
                return choice
        raise ValueError(text)
    if origin is tuple:
        return _parse_tuple(text, arguments)
    if hint is bool:
        if text.lower() not in TRUE + FALSE:
            raise ValueError(text)
        return text.lower() in TRUE
    if hint is float and not math.isfinite(float(text)):
        raise ValueError(text)
    if hint in (int, float, str):
        return hint(text)
    raise ValueError(f"no text form of {hint}")


def _parse_union(text: str, choices: tuple[Any, ...]) -> Any:
    if type(None) in choices and text.lower() == "none":
        return None
    # int before float, and str last: "3" stays a whole number, and str would accept everything.
    order = {bool: 0, int: 1, float: 2, str: 9}
    for choice in sorted(
        (c for c in choices if c is not type(None)), key=lambda c: order.get(c, 3)
    ):
        try:
            return parse(text, choice)
        except ValueError:
            continue
    raise ValueError(text)


def _parse_tuple(text: str, elements: tuple[Any, ...]) -> tuple[Any, ...]:
    parts = _split(text)
    if elements[-1:] == (Ellipsis,):
        return tuple(parse(part, elements[0]) for part in parts)
    if len(parts) != len(elements):
        raise ValueError(text)
    return tuple(parse(part, element) for part, element in zip(parts, elements, strict=True))


def _split(text: str) -> list[str]:
    """Split `(1, 2), (3, 4)` at the commas outside brackets; outer brackets may be left out."""
    if len(text) > 1 and text[0] + text[-1] in ("()", "[]") and _closes_last(text):
        text = text[1:-1].strip()
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth < 0:
            raise ValueError(text)
        if character == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    if depth:
        raise ValueError(text)
    last = text[start:].strip()
    return [*parts, last] if last else parts


def _closes_last(text: str) -> bool:
    depth = 0
    for index, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == 0:
            return index == len(text) - 1
    return False


def accepted(hint: Any) -> str:
    """What `parse` accepts for a type, in words.

    >>> accepted(tuple[int, ...])
    'values separated by commas, each a whole number such as 20 (e.g. 8,4)'
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(
            "none" if choice is type(None) else accepted(choice) for choice in arguments
        )
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in arguments)
    if origin is tuple and arguments[-1:] == (Ellipsis,):
        example = {int: " (e.g. 8,4)", float: " (e.g. 0.1,0.01)"}.get(arguments[0], "")
        return f"values separated by commas, each {accepted(arguments[0])}{example}"
    if origin is tuple:
        return f"{len(arguments)} values separated by commas"
    words = {
        int: "a whole number such as 20",
        float: "a finite number such as 0.1 or 1e-3",
        bool: "true or false",
        str: "text",
    }
    return words.get(hint, "nothing from the command line (edit the experiment's file)")


def _type_name(hint: Any) -> str:
    return (
        hint.__name__
        if isinstance(hint, type) and not typing.get_args(hint)
        else str(hint).replace("typing.", "")
    )


def as_json(config: Any) -> dict[str, Any]:
    """Every setting of a configuration as JSON has it (tuples become lists).

    Raises:
        ExperimentError: a setting that JSON cannot hold.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Example:
    ...     widths: tuple[int, ...] = (4, 4)
    >>> as_json(Example())
    {'widths': [4, 4]}
    """
    return {name: _plain(name, value) for name, value in dataclasses.asdict(config).items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(name, element) for element in value]
    if isinstance(value, dict):
        return {str(key): _plain(name, element) for key, element in value.items()}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise ExperimentError(
        f"setting {name!r} is {value!r}; settings are finite numbers, texts, booleans, None or tuples of these"
    )
