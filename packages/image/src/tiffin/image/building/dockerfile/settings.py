"""The instructions with plain arguments: FROM, ARG, ENV, LABEL, USER, WORKDIR and so on."""

from __future__ import annotations

import re

from .error import Problem
from .flags import split_flags
from .instructions import (
    Arg,
    Env,
    Expose,
    From,
    Label,
    Maintainer,
    Onbuild,
    Stopsignal,
    User,
    Volume,
    Workdir,
)
from .reading import Reading
from .words import plain_words, split_words

STAGE_NAME = re.compile(r"[a-z][a-z0-9\-_.]*")
FORBIDDEN_TRIGGERS = ("ONBUILD", "FROM", "MAINTAINER")


def from_(reading: Reading) -> From:
    """FROM [--platform=P] IMAGE [AS NAME]."""
    flags, rest = split_flags(reading.rest, reading.escape, ("platform",))
    words = plain_words(rest)
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise Problem(f"FROM needs an image: FROM IMAGE [AS NAME], not {rest!r}")
    name = words[2].lower() if len(words) == 3 else ""
    if name and not STAGE_NAME.fullmatch(name):
        raise Problem(
            f"{words[2]!r} is no name of a stage: a letter, then letters, digits and -_. were expected"
        )
    return From(reading.line, reading.text, words[0], flags.text("platform"), name)


def arg(reading: Reading) -> Arg:
    """ARG NAME[=DEFAULT]..."""
    words = split_words(reading.rest, reading.escape)
    if not words:
        raise Problem("ARG needs a name: ARG NAME[=DEFAULT]")
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not name:
            raise Problem(f"ARG: a name was expected before {word!r}")
        pairs.append((name, value if equals else None))
    return Arg(reading.line, reading.text, tuple(pairs))


def env(reading: Reading) -> Env:
    """ENV."""
    return Env(reading.line, reading.text, reading.pairs())


def label(reading: Reading) -> Label:
    """LABEL."""
    return Label(reading.line, reading.text, reading.pairs())


def user(reading: Reading) -> User:
    """USER."""
    return User(reading.line, reading.text, reading.one("USER name[:group]"))


def workdir(reading: Reading) -> Workdir:
    """WORKDIR."""
    return Workdir(reading.line, reading.text, reading.one("WORKDIR /path"))


def volume(reading: Reading) -> Volume:
    """VOLUME."""
    words = reading.words()
    paths = tuple(word.strip() for word in words)
    if not paths or not all(paths):
        raise Problem("VOLUME needs a path: VOLUME /path")
    return Volume(reading.line, reading.text, paths)


def stopsignal(reading: Reading) -> Stopsignal:
    """STOPSIGNAL."""
    return Stopsignal(reading.line, reading.text, reading.one("STOPSIGNAL SIGTERM"))


def expose(reading: Reading) -> Expose:
    """EXPOSE."""
    reading.one("EXPOSE 80/tcp")
    return Expose(reading.line, reading.text, plain_words(reading.rest))


def maintainer(reading: Reading) -> Maintainer:
    """MAINTAINER."""
    return Maintainer(reading.line, reading.text, reading.one("MAINTAINER name"))


def onbuild(reading: Reading) -> Onbuild:
    """ONBUILD INSTRUCTION; `parse` has looked at the instruction."""
    trigger = reading.one("ONBUILD INSTRUCTION")
    keyword = trigger.split(maxsplit=1)[0].upper()
    if keyword in FORBIDDEN_TRIGGERS:
        raise Problem(f"ONBUILD {keyword} is not allowed")
    for heredoc in reading.heredocs:
        trigger += f"\n{heredoc.content}{heredoc.name}"
    return Onbuild(reading.line, reading.text, trigger)
