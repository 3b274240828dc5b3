"""Durations as Go's `time.ParseDuration` has them, and so containerd's files: `100ms`, `1h30m`, `0s`."""

from __future__ import annotations

from typing import NewType

from tiffin.image.durations import UNITS, nanoseconds

Duration = NewType("Duration", float)  # seconds


def parse(text: str) -> Duration:
    """The seconds of such a text.

    Raises:
        ValueError: it is none, or has a sign, or is more than 292 years.
    """
    found = nanoseconds(text)
    if text.startswith(("-", "+")):
        raise ValueError(f"{text!r} is a duration with a sign")
    return Duration(found / 10**9)


def format_duration(seconds: float) -> str:
    """The shortest of its texts, which `parse` reads as the same."""
    left = round(seconds * 10**9)
    if left == 0:
        return "0s"
    for unit in ("ms", "us", "ns"):  # below a second: one number
        if left < 10**9 and left % UNITS[unit] == 0:
            return f"{left // UNITS[unit]}{unit}"
    parts = []
    for unit in ("h", "m"):
        count, left = divmod(left, UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    whole, rest = divmod(left, 10**9)
    if left:
        parts.append(f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + "s")
    return "".join(parts)
