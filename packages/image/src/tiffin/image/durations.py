"""Durations as Go's `time.ParseDuration` has them, and so containerd's files and labels: `100ms`, `1h30m`, `0`."""

from __future__ import annotations

import re

UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
MOST = 2**63 - 1  # nanoseconds: what Go can hold
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)


def nanoseconds(text: str) -> float:
    """What such a text says; it may have a sign.

    Raises:
        ValueError: it is none, or more than 292 years.
    """
    sign, plain = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if plain == "0":
        return 0.0
    if not _WHOLE.fullmatch(plain):
        raise ValueError(f'{text!r} is no duration: write for example "100ms", "2s" or "1h30m"')
    found = sum(float(number) * UNITS[unit] for number, unit in _PART.findall(plain))
    if found > MOST:
        raise ValueError(f"{text!r} is more than 292 years")
    return sign * found
