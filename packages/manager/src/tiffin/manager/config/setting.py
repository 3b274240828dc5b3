"""`setting`: one row of the table of settings, written as the default of a dataclass's field.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Metrics:
        address: str = setting("", "host:port on which Prometheus finds the metrics")

The type and the key in the file are the field's own. Everything else that is said of a setting anywhere (the reader,
the default file, docs/manager.md, what a reload takes over) comes from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar, get_type_hints

Value = TypeVar("Value")
Check = Callable[[Any], str]  # what is wrong with a value of the right type, "" for nothing

_MARK = "setting"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting.

    key: in the file. about: for a person, one line. kind: its type. default: makes its default.
    check: what else a value must hold. reload: whether SIGHUP takes a change over. shown: the default as documents show
    it, where it depends on the host; "" for the default itself.
    """

    name: str
    key: str
    about: str
    kind: Any
    default: Callable[[], Any]
    check: Check | None
    reload: bool
    shown: str


def setting(
    default: Value,
    about: str,
    *,
    key: str = "",
    check: Check | None = None,
    reload: bool = False,
    shown: str = "",
) -> Value:
    """A field with this default. key: in the file, if it is not the field's name."""
    row = {"about": about, "key": key, "check": check, "reload": reload, "shown": shown}
    return field(default=default, metadata={_MARK: row})


def computed(
    default: Callable[[], Value],
    about: str,
    *,
    key: str = "",
    check: Check | None = None,
    reload: bool = False,
    shown: str = "",
) -> Value:
    """A field whose default is made when it is needed: a table, or what depends on the host."""
    row = {"about": about, "key": key, "check": check, "reload": reload, "shown": shown}
    return field(default_factory=default, metadata={_MARK: row})


def settings(section: type) -> dict[str, Setting]:
    """The rows of a section, by their keys, in the order of its fields."""
    hints = get_type_hints(section)
    rows = (_row(each, hints[each.name]) for each in fields(section))
    return {row.key: row for row in rows}


def _row(each: Field[Any], kind: Any) -> Setting:
    row = each.metadata[_MARK]
    factory = each.default_factory
    default = (lambda: each.default) if factory is MISSING else factory
    return Setting(
        name=each.name,
        key=row["key"] or each.name,
        about=row["about"],
        kind=kind,
        default=default,
        check=row["check"],
        reload=row["reload"],
        shown=row["shown"],
    )
