"""Patterns of `.dockerignore`, of `--exclude` and of COPY's sources: `*`, `?`, `[a-z]`, `\\x`, and `**` for folders.

Source: docs.docker.com/build/concepts/context, ".dockerignore files"; where that is silent, what moby's
`patternmatcher` and Go's `filepath.Match` do.
"""

from __future__ import annotations

import posixpath
import re

from tiffin.image.building.dockerfile.error import Problem
from tiffin.runtime.record import Record

WILD = "*?["
ALL = re.compile(r"\*\*(/|$)?")
ESCAPED = re.compile(r"\\.", re.DOTALL)
STARS = re.compile(r"(\\.)|\*+", re.DOTALL)
ENDING = re.compile(r"\*\*([^/*?\[\]\\][^*?\[\]\\]*)", re.DOTALL)


class Pattern(Record):
    """One pattern. literal: what every match starts with. exception: it had a `!`."""

    text: str
    regex: re.Pattern[str]
    literal: str
    exception: bool = False

    def matches(self, path: str) -> bool:
        """Whether it is this path itself, relative to the root."""
        return self.regex.fullmatch(path) is not None

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
    return Pattern(cleaned, re.compile(_regex(cleaned), re.DOTALL), _literal(cleaned), exception)


def _literal(text: str) -> str:
    """The start without anything special."""
    for position, char in enumerate(text):
        if char in WILD or char == "\\":
            return text[:position]
    return text


def _regex(text: str) -> str:
    if ending := ENDING.fullmatch(text):  # `**.log`: whatever ends so; moby has it for this form only
        return f".*{re.escape(ending[1])}"
    parts = []
    position = 0
    while position < len(text):
        char = text[position]
        doubled = ALL.match(text, position)
        if doubled:
            parts.append(".*" if doubled.end() == len(text) else "(?:.*/)?")
            position = doubled.end()
            continue
        if char == "[":
            piece, position = _class(text, position)
        else:
            piece, position = _single(text, position)
        parts.append(piece)
    return "".join(parts)


def _single(text: str, position: int) -> tuple[str, int]:
    char = text[position]
    if char == "\\":
        if position + 1 == len(text):
            raise Problem(f"the pattern {text!r} ends with an escape")
        return re.escape(text[position + 1]), position + 2
    return {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char), position + 1


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
