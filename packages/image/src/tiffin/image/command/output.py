"""What goes to stdout: JSON, and tables."""

from __future__ import annotations

import os
import sys

from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

BOLD, PLAIN = "\x1b[1m", "\x1b[0m"


def print_json(tree: object) -> None:
    """Prints JSON as skopeo does, with four spaces."""
    print(encode(tree, indent=4))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table, one line for each row whatever the width is: nothing is cut off. Bold headings on a terminal."""
    rows = [[harmless(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for number, row in enumerate((headings, *rows)):
        line = "   ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        print(f"{BOLD}{line}{PLAIN}" if number == 0 and is_coloured(sys.stdout) else line)


def is_coloured(stream: TextIO) -> bool:
    """Whether a stream is a terminal that takes styles, and nobody has said no (https://no-color.org)."""
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def harmless(text: str) -> str:
    """A text in one line, without what would steer a terminal: images are made by others."""
    return (
        text if text.isprintable() else "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    )
