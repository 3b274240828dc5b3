"""What goes to stdout: JSON, and tables, which are plain where there is no terminal."""

from __future__ import annotations

import sys

from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def print_json(tree: object) -> None:
    """Prints JSON as skopeo does, with four spaces."""
    print(encode(tree, indent=4))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table; other programs get one line for each row, whatever its width."""
    rows = [[harmless(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(headings, rows)
        return
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        print("   ".join(cells).rstrip())


def harmless(text: str) -> str:
    """A text in one line, without what would steer a terminal: images are made by others."""
    return (
        text if text.isprintable() else "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    )


def _print_rich(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text: names may look like rich's markup
    Console().print(table)
