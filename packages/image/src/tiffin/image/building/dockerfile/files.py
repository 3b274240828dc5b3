"""COPY and ADD."""

from __future__ import annotations

from .error import Problem
from .flags import Flags, split_flags
from .heredocs import Heredoc, heredoc_of
from .instructions import Add, Copy
from .reading import Reading

COMMON = ("chown", "chmod", "link", "exclude", "parents")
OF_COPY = ("from", *COMMON)
OF_ADD = (*COMMON, "checksum", "unpack", "keep-git-dir")


def copy(reading: Reading) -> Copy:
    """COPY [flags] SOURCE... TARGET, or the same as JSON."""
    flags, rest = split_flags(reading.rest, reading.escape, OF_COPY)
    fields = _fields(reading.replace(rest=rest), flags)
    return Copy(*fields[:5], flags.text("from"), *fields[5:])


def add(reading: Reading) -> Add:
    """ADD [flags] SOURCE... TARGET, or the same as JSON."""
    flags, rest = split_flags(reading.rest, reading.escape, OF_ADD)
    fields = _fields(reading.replace(rest=rest), flags)
    checksum, unpack = flags.text("checksum"), flags.maybe("unpack")
    keep_git = flags.switch("keep-git-dir")
    return Add(*fields[:5], "", *fields[5:], checksum=checksum, unpack=unpack, keep_git=keep_git)


Fields = tuple[int, str, tuple[str, ...], str, tuple[Heredoc, ...], str, str, bool, bool, tuple[str, ...]]


def _fields(reading: Reading, flags: Flags) -> Fields:
    words = reading.words()
    if len(words) < 2:
        raise Problem(f"{reading.keyword} needs a source and a target: {reading.keyword} SOURCE... TARGET")
    return (
        reading.line,
        reading.text,
        _sources(words, reading),
        words[-1],
        reading.heredocs,
        flags.text("chown"),
        flags.text("chmod"),
        flags.switch("link"),
        flags.switch("parents"),
        flags.texts("exclude"),
    )


def _sources(words: tuple[str, ...], reading: Reading) -> tuple[str, ...]:
    """The sources that are no heredocs. Raises Problem: a heredoc stands where none can be."""
    if not reading.heredocs:
        return words[:-1]
    if heredoc_of(words[-1], reading.escape):
        raise Problem(f"{reading.keyword}: the target is missing, a heredoc can only be a source")
    sources = tuple(word for word in words[:-1] if not heredoc_of(word, reading.escape))
    if len(words) - 1 - len(sources) != len(reading.heredocs):
        raise Problem(f"{reading.keyword}: between << and the name of a heredoc there can be no space")
    return sources
