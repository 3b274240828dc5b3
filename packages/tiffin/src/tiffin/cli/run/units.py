"""Numbers as docker takes them: sizes, processors, counts."""

from __future__ import annotations

from tiffin.cli.parse import UsageError

POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
UNLIMITED = -1


def size(flag: str, text: str) -> int:
    """Bytes of `512m`, `1.5g`, `64KiB`, `100`; every unit is a power of 1024.

    Raises:
        UsageError: with the flag's name, if this is no size.
    """
    lower = text.strip().lower()
    number = lower.rstrip("bikmgtp")
    unit = lower[len(number) :].removesuffix("b").removesuffix("i")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if unit not in POWERS or not 0 <= value < 2**63:
        raise UsageError(f"--{flag}: {text!r} is no size; write for example 512m or 2g")
    return int(value * 1024 ** POWERS[unit])


def size_or_unlimited(flag: str, text: str) -> int:
    """A size, or -1."""
    return UNLIMITED if text.strip() == "-1" else size(flag, text)


def integer(flag: str, text: str) -> int:
    """A whole number. Raises UsageError."""
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--{flag}: {text!r} is no whole number") from None


def decimal(flag: str, text: str) -> float:
    """A number that is not negative. Raises UsageError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise UsageError(f"--{flag}: {text!r} is no number; write for example 1.5")
    return value


def pair(flag: str, text: str, separator: str = "=") -> tuple[str, str]:
    """NAME and VALUE of `NAME=VALUE`. Raises UsageError."""
    name, found, value = text.partition(separator)
    if not name or not found:
        raise UsageError(f"--{flag}: expected NAME{separator}VALUE, got {text!r}")
    return name, value
