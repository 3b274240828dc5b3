"""Plain tables, as `docker ps` prints them."""

from __future__ import annotations

from tiffin.cli.harmless import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in columns that are as wide as their widest cell; each row is one line, whatever is in it."""
    rows = [[harmless(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return [
        "   ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *rows)
    ]


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints it."""
    print("\n".join(table_lines(headings, rows)))
