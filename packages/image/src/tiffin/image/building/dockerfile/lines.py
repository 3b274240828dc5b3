"""From text to logical lines: directives, comments, continued lines, heredocs."""

from __future__ import annotations

import re

from tiffin.runtime.record import Record

from .error import DockerfileError
from .frontend import warnings_of
from .heredocs import Heredoc, body, opened

DIRECTIVE = re.compile(r"#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(.+?)[ \t]*")
DIRECTIVES = ("syntax", "escape", "check")
ESCAPES = ("\\", "`")


class LogicalLine(Record):
    """An instruction as text. first: the number of its first line, counted from 1."""

    text: str
    first: int
    heredocs: tuple[Heredoc, ...] = ()


class Lines(Record):
    """A Dockerfile in logical lines. escape: `\\` or a backtick. warnings: what to tell of the directives."""

    lines: tuple[LogicalLine, ...]
    escape: str
    warnings: tuple[str, ...] = ()


def logical_lines(text: str, file: str) -> Lines:
    """Splits a Dockerfile. Raises DockerfileError."""
    raw = text.removeprefix("\ufeff").split("\n")
    directives = _directives(raw, file)
    escape, start = directives.get("escape", "\\"), len(directives)
    lines = []
    while start < len(raw):
        found, start = _next(raw, start, escape, file)
        if found is not None:
            lines.append(found)
    return Lines(tuple(lines), escape, _warnings(directives, file))


def _warnings(directives: dict[str, str], file: str) -> tuple[str, ...]:
    for number, (name, value) in enumerate(directives.items(), 1):
        if name == "syntax":
            return warnings_of(value, f"{file}:{number}")
    return ()


def _directives(raw: list[str], file: str) -> dict[str, str]:
    """The directives by name, in the order of their lines, which are the first ones of the file."""
    seen: dict[str, str] = {}
    for number, line in enumerate(raw):
        match = DIRECTIVE.fullmatch(line.strip())
        if match is None or match[1].lower() not in DIRECTIVES:
            break
        name = match[1].lower()
        if name in seen:
            raise DockerfileError(f"the directive {name} stands here twice", file=file, line=number + 1)
        seen[name] = match[2]
        if name == "escape" and match[2] not in ESCAPES:
            problem = f"the directive escape must be \\ or `, it is {match[2]!r}"
            raise DockerfileError(problem, file=file, line=number + 1)
    return seen


def _next(raw: list[str], start: int, escape: str, file: str) -> tuple[LogicalLine | None, int]:
    """The logical line that begins at `start`, None for a comment or an empty one; and where the next begins."""
    if _is_comment(raw[start]):
        return None, start + 1
    text, position = _joined(raw, start, escape)
    if not text.strip():
        return None, position
    heredocs = []
    for heredoc, sure in opened(text, escape):
        found = body(heredoc, raw, position)
        if found is not None:
            heredocs.append(found[0])
            position = found[1]
        elif sure:
            name = heredoc.name
            problem = f"the heredoc <<{name} has no end: a line with {name} alone was expected"
            raise DockerfileError(problem, file=file, line=start + 1)
    return LogicalLine(text.strip(), start + 1, tuple(heredocs)), position


def _joined(raw: list[str], start: int, escape: str) -> tuple[str, int]:
    """A line with those that continue it; comments and empty lines among them are left out."""
    parts = []
    position = start
    while position < len(raw):
        line = raw[position]
        position += 1
        if position - 1 > start and (not line.strip() or _is_comment(line)):
            continue
        kept, goes_on = _continued(line.rstrip("\r"), escape)
        parts.append(kept)
        if not goes_on:
            break
    return "".join(parts), position


def _continued(line: str, escape: str) -> tuple[str, bool]:
    """A line without the escape at its end, and whether there was one; a doubled one is none."""
    stripped = line.rstrip(" \t")
    if not stripped.endswith(escape) or stripped.endswith(escape * 2):
        return line, False
    return stripped[:-1], True


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
