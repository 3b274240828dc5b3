"""Plain tables, as `docker ps` prints them."""

from __future__ import annotations

from collections.abc import Sequence


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows in columns that are as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        print("   ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
