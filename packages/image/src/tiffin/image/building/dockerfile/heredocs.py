"""Heredocs: `<<EOF`, `<<-EOF`, `<<"EOF"`; which of them a line has, and their bodies."""

from __future__ import annotations

import re

from tiffin.runtime.record import Record

from .error import Problem
from .words import split_words, unquoted

INSTRUCTIONS = ("ADD", "COPY", "RUN")
WORD = re.compile(r"([0-9]*)<<(-?)([^<]+)")


class Heredoc(Record):
    """A heredoc.

    name: what ends it. content: with a newline at the end of each line. expand: the name has no quotes.
    chomp: `<<-`, tabs at the start of lines are taken off.
    """

    name: str
    content: str
    expand: bool
    chomp: bool


def opened(line: str, escape: str) -> list[Heredoc]:
    """The heredocs that a logical line opens, still without content."""
    words = split_words(line, escape)
    if words and words[0].upper() == "ONBUILD":
        words = words[1:]
    if not words or words[0].upper() not in INSTRUCTIONS:
        return []
    return [found for word in words[1:] if (found := _heredoc(word, escape))]


def _heredoc(word: str, escape: str) -> Heredoc | None:
    match = WORD.fullmatch(word)
    if match is None:
        return None
    quoted = match[3]
    name = unquoted(quoted, escape)
    if not name or "\n" in name:
        return None
    return Heredoc(name, "", expand=not any(char in quoted for char in "'\""), chomp=bool(match[2]))


def body(heredoc: Heredoc, lines: list[str], start: int) -> tuple[Heredoc, int]:
    """Fills a heredoc from the lines at `start`.

    Returns:
        it, and the index of the line after its end.

    Raises:
        Problem: its end is missing.
    """
    content: list[str] = []
    for number in range(start, len(lines)):
        line = lines[number].lstrip("\t") if heredoc.chomp else lines[number]
        if line.rstrip("\r") == heredoc.name:
            return heredoc.replace(content="".join(content)), number + 1
        content.append(line + "\n")
    raise Problem(f"the heredoc <<{heredoc.name} has no end: a line with {heredoc.name} alone was expected")
