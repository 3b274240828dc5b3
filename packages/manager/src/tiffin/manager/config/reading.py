"""`read_section`: a TOML table becomes a section, and everything that is wrong in it is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import Any, TypeVar, get_args, get_origin

from tiffin.manager.config import duration
from tiffin.manager.config.foreign import why_not_here
from tiffin.manager.config.problem import FOREIGN, Path, Problem
from tiffin.manager.config.setting import Setting, settings

Section = TypeVar("Section")
Table = Mapping[str, Any]

NAMES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


class _Wrong(ValueError):
    """A value that cannot be used; the text begins with `is` or `has`."""


def read_section(base: Section, table: Table, problems: list[Problem], path: Path = ()) -> Section:
    """The section with what the table sets.

    Args:
        base: what holds where the table says nothing.
        table: as tomllib has it.
        problems: what is wrong is appended here; what cannot be used is left as it is in `base`.
        path: of the table.
    """
    rows = settings(type(base))
    changes: dict[str, Any] = {}
    for key, value in table.items():
        row, where = rows.get(key), (*path, key)
        if row is None:
            problems.append(_unknown(where, value, rows))
            continue
        try:
            changes[row.name] = _value(row.kind, getattr(base, row.name), value, problems, where)
            _check(row, changes[row.name])
        except _Wrong as wrong:
            changes.pop(row.name, None)
            problems.append(Problem(where, str(wrong)))
    return replace(base, **changes)  # type: ignore[type-var]  # every section is a dataclass


def _unknown(path: Path, value: Any, rows: Mapping[str, Setting]) -> Problem:
    reason = why_not_here(path, value)
    if reason is None:
        return Problem(path, f"is unknown{_suggestion(path[-1], rows)}")
    return Problem(path, FOREIGN + reason, harmless=not reason)


def _suggestion(key: str, rows: Mapping[str, Setting]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, rows, n=1)
    if close:
        return f"; is {close[0]!r} meant?"
    return "" if len(rows) > 12 else f"; known here: {', '.join(rows)}"


def _check(row: Setting, value: Any) -> None:
    wrong = row.check(value) if row.check else ""
    if wrong:
        raise _Wrong(wrong)


def _value(kind: Any, base: Any, value: Any, problems: list[Problem], path: Path) -> Any:
    if is_dataclass(kind):
        return read_section(base, _table(value), problems, path)
    if kind is duration.Duration:
        return _duration(value)
    if get_origin(kind) is tuple:
        return _texts(value)
    if get_origin(kind) is Mapping:
        return _mapping(get_args(kind)[1], base, _table(value), problems, path)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:  # a bool is no whole number
        raise _Wrong(f"is {_shown(value)}, must be {NAMES[kind]}")
    return value


def _mapping(kind: Any, base: Table, table: Table, problems: list[Problem], path: Path) -> Table:
    """Tables and values by names that the user gives."""
    if not is_dataclass(kind):
        if kind is str:
            _all_texts(table.values())
        return {**base, **table}
    assert isinstance(kind, type)  # noqa: S101  # for mypy: a class, not an instance
    found = dict(base)
    for name, value in table.items():
        try:
            found[name] = read_section(base.get(name, kind()), _table(value), problems, (*path, name))
        except _Wrong as wrong:
            problems.append(Problem((*path, name), str(wrong)))
    return found


def _table(value: Any) -> Table:
    if not isinstance(value, Mapping):
        raise _Wrong(f"is {_shown(value)}, must be a table")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong(f"is {_shown(value)}, must be a list of strings")
    _all_texts(value)
    return tuple(value)


def _all_texts(values: Any) -> None:
    for value in values:
        if not isinstance(value, str):
            raise _Wrong(f"has {_shown(value)}, must have strings only")


def _duration(value: Any) -> duration.Duration:
    if not isinstance(value, str):
        raise _Wrong(f'is {_shown(value)}, must be a duration, for example "100ms"')
    try:
        return duration.parse(value)
    except ValueError as error:
        raise _Wrong(f"is no duration: {error}") from None


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
