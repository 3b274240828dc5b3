"""RUN, CMD, ENTRYPOINT, SHELL and HEALTHCHECK: what has a command in it."""

from __future__ import annotations

import re

from .error import Problem, nearest
from .flags import Flags, split_flags
from .instructions import Cmd, Command, Entrypoint, Healthcheck, Run, Shell
from .mounts import parse_mount
from .reading import Reading
from .words import json_words, split_first

NETWORKS = ("default", "none", "host")
SECURITIES = ("sandbox", "insecure")
OF_HEALTHCHECK = ("interval", "timeout", "start-period", "start-interval", "retries")
# as Go's time.ParseDuration has it
DURATION = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)")
MICRO = dict.fromkeys(("us", "\u00b5s", "\u03bcs"), 10**3)  # its sign, and the Greek letter
NANOSECONDS = {"ns": 1, **MICRO, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
MOST_LETTERS = 40
MOST_NANOSECONDS = 2**63 - 1


def run(reading: Reading) -> Run:
    """RUN [flags] COMMAND."""
    flags, rest = split_flags(reading.rest, reading.escape, ("mount", "network", "security"))
    mounts = tuple(parse_mount(text) for text in flags.texts("mount"))
    network = _one_of("network", flags.text("network", "default"), NETWORKS)
    security = _one_of("security", flags.text("security", "sandbox"), SECURITIES)
    command = _command(rest, "RUN")
    heredocs = tuple(one.replace(content=one.content.replace("\r\n", "\n")) for one in reading.heredocs)
    return Run(reading.line, reading.text, command, heredocs, mounts, network, security)


def cmd(reading: Reading) -> Cmd:
    """CMD."""
    return Cmd(reading.line, reading.text, _command(reading.rest, "CMD", empty=True))


def entrypoint(reading: Reading) -> Entrypoint:
    """ENTRYPOINT."""
    return Entrypoint(reading.line, reading.text, _command(reading.rest, "ENTRYPOINT", empty=True))


def shell(reading: Reading) -> Shell:
    """SHELL, which has the JSON form only."""
    words = json_words(reading.rest)
    if not words:
        raise Problem('SHELL needs the JSON form: SHELL ["/bin/sh", "-c"]')
    return Shell(reading.line, reading.text, words)


def healthcheck(reading: Reading) -> Healthcheck:
    """HEALTHCHECK NONE, or HEALTHCHECK [flags] CMD COMMAND."""
    flags, rest = split_flags(reading.rest, reading.escape, OF_HEALTHCHECK)
    kind, command = split_first(rest, reading.escape)
    if kind.upper() == "NONE" and not command:
        return Healthcheck(reading.line, reading.text)
    if kind.upper() != "CMD":
        raise Problem(f"HEALTHCHECK: CMD or NONE was expected, not {kind!r}")
    interval, timeout, period, start = (_duration(name, flags) for name in OF_HEALTHCHECK[:-1])
    retries = flags.text("retries", "0")
    if not (retries.isascii() and retries.isdigit() and len(retries) < 10):
        raise Problem(f"HEALTHCHECK: --retries must be a number, it is {retries!r}")
    test = _command(command, "HEALTHCHECK CMD")
    return Healthcheck(reading.line, reading.text, test, interval, timeout, period, start, int(retries))


def _command(rest: str, keyword: str, *, empty: bool = False) -> Command:
    words = json_words(rest)
    if words is not None and (words or empty):
        return Command(words, shell=False)
    if words is not None or not rest:
        raise Problem(f'{keyword} needs a command: {keyword} command, or {keyword} ["program", "argument"]')
    return Command((rest,), shell=True)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise Problem(f"--{name}: {value!r} is none of {', '.join(known)}{nearest(value, known)}")
    return value


def _duration(name: str, flags: Flags) -> int:
    """Nanoseconds of `1m30s`."""
    text = flags.text(name, "0")
    parts = list(DURATION.finditer(text))
    known = "".join(part[0] for part in parts) == text and all(part[1] or part[2] for part in parts)
    if text != "0" and (not text or not known or len(text) > MOST_LETTERS):
        raise Problem(f"HEALTHCHECK: --{name} must be a time, for example 1m30s; it is {text!r}")
    total = sum(_nanoseconds(part[1] or "0", part[2] or "0", NANOSECONDS[part[3]]) for part in parts)
    if total > MOST_NANOSECONDS or 0 < total < NANOSECONDS["ms"]:
        raise Problem(f"HEALTHCHECK: --{name} must be 0, or from 1ms to 292 years; it is {text!r}")
    return total


def _nanoseconds(whole: str, part: str, unit: int) -> int:
    return int(whole) * unit + int(part) * unit // int(10 ** len(part))
