"""Sizes and ages for people."""

from __future__ import annotations

from datetime import datetime

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
AGES = (
    (86400 * 365, "year"),
    (86400 * 30, "month"),
    (86400 * 7, "week"),
    (86400, "day"),
    (3600, "hour"),
    (60, "minute"),
)


def bytes_text(size: int) -> str:
    """A number of bytes as Docker shows it: in powers of 1000, with three digits."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g} {UNITS[unit]}"


def age_text(seconds: float) -> str:
    """How long ago something was; or in how long it is, by a clock that is ahead of ours."""
    for length, name in AGES:
        count = int(abs(seconds) // length)
        if count:
            text = f"{count} {name}{'s' if count > 1 else ''}"
            return f"in {text}" if seconds < 0 else f"{text} ago"
    return "just now"


def moment(text: object) -> float | None:
    """A time as in RFC 3339, in seconds since 1970; None if it is none, as is Go's time 0, in the year 1."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
        return None if time.year == 1 else time.timestamp()
    except (ValueError, OverflowError):
        return None
