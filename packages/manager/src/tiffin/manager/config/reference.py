"""`reference`: all settings as the table in docs/manager.md has them; a test compares the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, get_args, get_origin

from tiffin.manager.config.duration import Duration, format_duration
from tiffin.manager.config.problem import Path, dotted
from tiffin.manager.config.setting import Setting, settings
from tiffin.manager.config.settings import Config

HEADER = ("| setting | default | what | reload |", "|---|---|---|---|")


def reference() -> str:
    """A row of Markdown for each setting, below a heading for each table of the file."""
    return "\n".join(_section(Config, ())).strip() + "\n"


def _section(section: type, path: Path) -> Iterator[str]:
    rows = settings(section)
    values = {key: row for key, row in rows.items() if not _inner(row)}
    if values:
        about = (section.__doc__ or "").splitlines()[0]
        yield from ("", f"### `[{dotted(path)}]`" if path else "### At the top", about, "", *HEADER)
        yield from (_row(key, row) for key, row in values.items())
    for key, row in rows.items():
        inner = _inner(row)
        if inner is not None:
            named = () if is_dataclass(row.kind) else ("NAME",)
            yield from _section(inner, (*path, key, *named))


def _inner(row: Setting) -> type | None:
    """The section that a setting is, or that each of its values is."""
    kind = get_args(row.kind)[1] if get_origin(row.kind) is Mapping else row.kind
    return kind if isinstance(kind, type) and is_dataclass(kind) else None


def _row(key: str, row: Setting) -> str:
    default = row.shown or f"`{_default(row)}`"
    return f"| `{key}` | {default} | {row.about} | {'yes' if row.reload else ''} |"


def _default(row: Setting) -> Any:
    value = row.default()
    if row.kind is Duration:
        value = format_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return "{}" if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value
