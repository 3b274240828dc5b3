"""`to_toml`: settings as a file that `load` reads as the same; with what each means, if asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

import tomli_w

from tiffin.manager.config.duration import Duration, format_duration
from tiffin.manager.config.problem import Path, dotted
from tiffin.manager.config.setting import Setting, settings

INDENT = "  "
COMMENT_COLUMN = 44


def to_toml(config: Any, *, comments: bool = False) -> str:
    """The text of a section, as a rule of the whole `Config`."""
    return "\n".join(_section(config, (), comments=comments)).strip() + "\n"


def _plain(value: Any) -> Any:
    """As TOML has it."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _section(section: Any, path: Path, *, comments: bool) -> Iterator[str]:
    """The values, then the tables: in TOML what follows a table's header belongs to it."""
    rows = settings(type(section))
    values = {key: row for key, row in rows.items() if not _is_table(getattr(section, row.name))}
    inner = _indent((*path, ""))
    if path and values:
        yield from _header(path, (type(section).__doc__ or "").splitlines()[0] if comments else "")
    for row in values.values():
        yield from _line(row, getattr(section, row.name), inner, comments=comments)
    for key, row in rows.items():
        if key not in values:
            yield from _table(getattr(section, row.name), row, (*path, key), comments=comments)


def _is_table(value: Any) -> bool:
    return is_dataclass(value) or isinstance(value, Mapping)


def _indent(path: Path) -> str:
    return INDENT * (len(path) - 1)


def _header(path: Path, about: str) -> Iterator[str]:
    yield ""
    if about:
        yield f"{_indent(path)}# {about}"
    yield f"{_indent(path)}[{dotted(path)}]"


def _line(row: Setting, value: Any, indent: str, *, comments: bool) -> Iterator[str]:
    plain = format_duration(value) if row.kind is Duration else _plain(value)
    lines = [indent + line for line in tomli_w.dumps({row.key: plain}).strip("\n").split("\n")]
    if comments:
        lines[0] = f"{lines[0]:{COMMENT_COLUMN}} # {row.about}"
    yield from lines


def _table(value: Any, row: Setting, path: Path, *, comments: bool) -> Iterator[str]:
    if is_dataclass(value):
        yield from _section(value, path, comments=comments)
    elif any(map(is_dataclass, value.values())):
        for name, each in value.items():
            yield from _section(each, (*path, name), comments=comments)
    elif value:
        nested = _plain(value)
        for key in reversed(path):
            nested = {key: nested}  # so that every header within has the whole path
        yield ""
        yield from (_indent(path) + line for line in tomli_w.dumps(nested).strip("\n").split("\n"))
    else:
        yield from _header(path, row.about if comments else "")
