"""Texts of others, before they come to a terminal."""

from __future__ import annotations

import pytest

from tiffin.cli.harmless import harmless
from tiffin.cli.text_table import table_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("é ü", "é ü"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\nb\tc", r"a\nb\tc"),
        ("no UTF-8: \udcff", r"no UTF-8: \udcff"),
        ("right to left: \u202e", r"right to left: \u202e"),
    ],
)
def test_what_steers_a_terminal_is_seen(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_lines_may_stay() -> None:
    assert harmless("a\nb\x07", lines=True) == "a\nb\\x07"


def test_a_row_of_a_table_is_a_line() -> None:
    assert table_lines(["NAME", "COMMAND"], [["a", "echo\n\x1b[31m"], ["long", "b"]]) == [
        "NAME   COMMAND",
        "a      echo\\n\\x1b[31m",
        "long   b",
    ]
