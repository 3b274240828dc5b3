"""Durations as Go's `time.ParseDuration` has them, and so containerd's files: `100ms`, `1h30m`, `0s`."""

from __future__ import annotations

import re
from typing import NewType

Duration = NewType("Duration", float)  # seconds

UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_MOST = 2**63 - 1  # nanoseconds: what Go can hold


def parse(text: str) -> Duration:
    """The seconds of such a text.

    Raises:
        ValueError: it is none, or below zero, or more than 292 years.
    """
    if text == "0":
        return Duration(0.0)
    if not _WHOLE.fullmatch(text):
        raise ValueError(f'{text!r} is no duration: write for example "100ms", "2s" or "1h30m"')
    nanoseconds = sum(float(number) * UNITS[unit] for number, unit in _PART.findall(text))
    if nanoseconds > _MOST:
        raise ValueError(f"{text!r} is more than 292 years")
    return Duration(nanoseconds / 10**9)


def format_duration(seconds: float) -> str:
    """The shortest of its texts, which `parse` reads as the same."""
    nanoseconds = round(seconds * 10**9)
    if nanoseconds == 0:
        return "0s"
    for unit in ("ms", "us", "ns"):  # below a second: one number
        if nanoseconds < 10**9 and nanoseconds % UNITS[unit] == 0:
            return f"{nanoseconds // UNITS[unit]}{unit}"
    parts = []
    for unit in ("h", "m"):
        count, nanoseconds = divmod(nanoseconds, UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    whole, rest = divmod(nanoseconds, 10**9)
    if nanoseconds:
        parts.append(f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)
