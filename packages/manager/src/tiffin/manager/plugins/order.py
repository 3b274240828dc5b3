"""`ordered`: the rows of a table, each after all that it requires, else in the table's order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tiffin.manager.plugins.plugin import Plugin

Row = Plugin[Any]


def ordered(table: Iterable[Row]) -> list[Row]:
    """The rows in an order in which they can be started.

    Raises:
        ValueError: a name stands there twice, or a plugin requires itself by way of others: a mistake in the table.
    """
    rows = list(table)
    names = [row.name for row in rows]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ValueError(f"{twice} stands in the table twice")
    found: dict[str, Row] = {}
    for row in rows:
        _visit(row, rows, found, ())
    return list(found.values())


def _visit(row: Row, rows: list[Row], found: dict[str, Row], above: tuple[str, ...]) -> None:
    if row.name in above:
        raise ValueError(f"a circle: {' requires '.join((*above[above.index(row.name) :], row.name))}")
    if row.name in found:
        return
    for kind in row.requires:
        for other in (each for each in rows if each.kind is kind):
            _visit(other, rows, found, (*above, row.name))
    found[row.name] = row
