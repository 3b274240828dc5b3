"""`changes`: what is different between two configs, and whether a running daemon takes it over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from tiffin.manager.config.problem import Path
from tiffin.manager.config.setting import settings
from tiffin.runtime.record import Record


class Change(Record):
    """One setting. reload: whether SIGHUP takes it over; else it counts from the next start."""

    path: Path
    before: Any
    after: Any
    reload: bool


def changes(before: Any, after: Any, path: Path = ()) -> Iterator[Change]:
    """All settings of a section that differ, in the order of the table."""
    for key, row in settings(type(before)).items():
        old, new = getattr(before, row.name), getattr(after, row.name)
        if is_dataclass(old):
            yield from changes(old, new, (*path, key))
        elif isinstance(old, Mapping):
            for name in sorted(old.keys() | new.keys()):
                if old.get(name) != new.get(name):
                    yield Change((*path, key, name), old.get(name), new.get(name), row.reload)
        elif old != new:
            yield Change((*path, key), old, new, row.reload)
