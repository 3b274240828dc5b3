"""Heredocs: `<<EOF`, `<<-EOF`, `<<"EOF"`; which of them a line has, and their bodies.

Source: docs.docker.com/reference/dockerfile, "Here-Documents"; where that is silent, BuildKit's parser.
"""

from __future__ import annotations

import re

from tiffin.runtime.record import Record

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


def opened(line: str, escape: str) -> list[tuple[Heredoc, bool]]:
    """The heredocs that a logical line opens, still without content; and whether it is sure that they are some.

    A `<< EOF` with a space may be a shift, too: `$((1 << n))`. It is a heredoc if it has an end.
    """
    words = split_words(line, escape)
    if words and words[0].upper() == "ONBUILD":
        words = words[1:]
    if not words or words[0].upper() not in INSTRUCTIONS:
        return []
    found = [(heredoc_of(word, escape), sure) for word, sure in _with_names(words[1:])]
    return [(heredoc, sure) for heredoc, sure in found if heredoc is not None]


def _with_names(words: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The words, with a `<<` that stands alone and what follows it as one; and whether there was no space between."""
    left = iter(words)
    for word in left:
        alone = WITHOUT_NAME.fullmatch(word) is not None
        yield (f"{word} {next(left, '')}" if alone else word), not alone


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


def body(heredoc: Heredoc, lines: list[str], start: int) -> tuple[Heredoc, int] | None:
    """Fills a heredoc from the lines at `start`, which may have a carriage return at their end: it stays.

    Returns:
        it, and the index of the line after its end; None if that is missing.
    """
    content: list[str] = []
    for number in range(start, len(lines)):
        line = lines[number].lstrip("\t") if heredoc.chomp else lines[number]
        if line.rstrip("\r") == heredoc.name:
            return heredoc.replace(content="".join(content)), number + 1
        content.append(line + "\n")
    return None
