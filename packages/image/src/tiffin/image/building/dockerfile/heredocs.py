"""Heredocs: `<<EOF`, `<<-EOF`, `<<"EOF"`; which of them a line has, and their bodies.

Source: docs.docker.com/reference/dockerfile, "Here-Documents"; where that is silent, BuildKit's parser.
"""

from __future__ import annotations

import re

from tiffin.runtime.record import Record

from .error import Problem
from .words import QUOTES, split_words, unquoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INSTRUCTIONS = ("ADD", "COPY", "RUN")
WORD = re.compile(r"[0-9]*<<(-?)[ \t]*([^<]+)")
WITHOUT_NAME = re.compile(r"[0-9]*<<")


class Heredoc(Record):
    """A heredoc.

    name: what ends it. content: with the newline at the end of each line. expand: the name has no quotes.
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
    return [found for word in _with_names(words[1:]) if (found := heredoc_of(word, escape))]


def _with_names(words: Iterable[str]) -> Iterator[str]:
    """The words, with a `<<` that stands alone and what follows it as one: a shell allows for a space between."""
    left = iter(words)
    for word in left:
        yield f"{word} {next(left, '')}" if WITHOUT_NAME.fullmatch(word) else word


def heredoc_of(word: str, escape: str = "\\") -> Heredoc | None:
    """The heredoc that a word opens, without content; None if it is none."""
    match = WORD.fullmatch(word)
    if match is None or len(split_words(match[2], escape)) != 1:
        return None
    quoted = match[2].rstrip()
    name = unquoted(quoted, escape)
    if not name or "\n" in name:
        return None
    bare = re.sub(re.escape(escape) + ".", "", quoted)  # an escaped quote is none
    return Heredoc(name, "", expand=not any(char in QUOTES for char in bare), chomp=bool(match[1]))


def body(heredoc: Heredoc, lines: list[str], start: int) -> tuple[Heredoc, int]:
    """Fills a heredoc from the lines at `start`, which may have a carriage return at their end: it stays.

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
