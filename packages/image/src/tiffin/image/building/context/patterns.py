"""Patterns of `.dockerignore`, of `--exclude` and of COPY's sources: `*`, `?`, `[a-z]`, `\\x`, and `**` for folders.

Source: docs.docker.com/build/concepts/context, ".dockerignore files"; where that is silent, what moby's
`patternmatcher` and Go's `filepath.Match` do.
"""

from __future__ import annotations

import posixpath
import re

from tiffin.image.building.dockerfile.error import Problem
from tiffin.runtime.record import Record

from .pieces import anything, folders, literal, one_of, within_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .pieces import Piece

WILD = "*?["
ALL = re.compile(r"\*\*(/|$)?")
NO_SLASH = re.compile("[^/]")
ESCAPED = re.compile(r"\\.", re.DOTALL)
STARS = re.compile(r"(\\.)|\*+", re.DOTALL)
ENDING = re.compile(r"\*\*([^/*?\[\]\\][^*?\[\]\\]*)", re.DOTALL)


class Pattern(Record):
    """One pattern. literal, ending: what every match starts and ends with. exception: it had a `!`."""

    text: str
    pieces: tuple[Piece, ...]
    literal: str
    ending: str
    exception: bool = False

    def matches(self, path: str) -> bool:
        """Whether it is this path itself, relative to the root."""
        if not (path.startswith(self.literal) and path.endswith(self.ending)):
            return False
        reached = [0]
        for piece in self.pieces:
            reached = piece(path, reached)
            if not reached:
                return False
        return reached[-1] == len(path)

    def may_match_below(self, folder: str) -> bool:
        """Whether something in a folder can match; True where that is not sure."""
        return f"{folder}/".startswith(self.literal) or self.literal.startswith(f"{folder}/")


def is_wild(text: str) -> bool:
    """Whether a path is a pattern: something in it is special, and has no escape."""
    return any(char in WILD for char in ESCAPED.sub("", text))


def of_one_name(text: str) -> str:
    """A pattern where `**` is no more than `*`: it meets one name, as in Go's `filepath.Match`."""
    return STARS.sub(lambda found: found[1] or "*", text)


def compiled(text: str, *, exception: bool = False) -> Pattern:
    """A pattern; `./a/`, `/a` and `a` are the same. Raises Problem for one that is broken."""
    cleaned = posixpath.normpath(text).lstrip("/") or "."
    return Pattern(cleaned, tuple(_pieces(cleaned)), _literal(cleaned), _ending(cleaned), exception)


def _literal(text: str) -> str:
    """The start without anything special."""
    for position, char in enumerate(text):
        if char in WILD or char == "\\":
            return text[:position]
    return text


def _ending(text: str) -> str:
    """The end without anything special; a slash before it may belong to a `**/`."""
    return text[max(text.rfind(char) for char in (*WILD, "]", "\\")) + 1 :].lstrip("/")


def _pieces(text: str) -> Iterator[Piece]:
    if ending := ENDING.fullmatch(text):  # `**.log`: whatever ends so; moby has it for this form only
        yield anything
        yield literal(ending[1])
        return
    position = 0
    while position < len(text):
        if doubled := ALL.match(text, position):
            position = doubled.end()
            yield anything if position == len(text) else folders
        elif text[position] == "[":
            members, position = _class(text, position)
            yield one_of(re.compile(members, re.DOTALL))
        elif text[position] in "*?":
            yield within_name if text[position] == "*" else one_of(NO_SLASH)
            position += 1
        else:
            plain, position = _plain(text, position)
            yield literal(plain)


def _plain(text: str, position: int) -> tuple[str, int]:
    """Characters that mean themselves, from a place on, and where they end."""
    found = []
    while position < len(text) and text[position] not in WILD:
        position += text[position] == "\\"
        if position == len(text):
            raise Problem(f"the pattern {text!r} ends with an escape")
        found.append(text[position])
        position += 1
    return "".join(found), position


def _class(text: str, start: int) -> tuple[str, int]:
    """`[abc]`, `[a-z]`, `[^a]`, from its bracket on."""
    position = start + 1
    negated = text[position : position + 1] == "^"
    position += negated
    ranges: list[str] = []
    while text[position : position + 1] != "]" or not ranges:
        low, position = _member(text, position)
        high = low
        if text[position : position + 1] == "-":
            high, position = _member(text, position + 1)
        if low > high:
            raise Problem(f"the pattern {text!r} has a range that is empty: {low}-{high}")
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    return f"(?!/)[{'^' if negated else ''}{''.join(ranges)}]", position + 1


def _member(text: str, position: int) -> tuple[str, int]:
    escaped = text[position : position + 1] == "\\"
    char = text[position + escaped : position + escaped + 1]
    if not char or (not escaped and char in "-]"):
        raise Problem(f"the pattern {text!r} has a [ that is not closed, or something is missing in it")
    return char, position + escaped + 1
