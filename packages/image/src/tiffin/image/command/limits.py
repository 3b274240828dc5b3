"""Ages and sizes as options have them: `90m`, `24h`, `7d`, `1h30m`; `512MB`, `10GB`, `4GiB`."""

from __future__ import annotations

import re

import click

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
AGE = re.compile(r"(?:[0-9]+[smhdw])+")
PART = re.compile(r"([0-9]+)([smhdw])")
SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:([kmgt])(i?))?b?", re.IGNORECASE | re.ASCII)
POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def age(text: str) -> float:
    """A number of seconds. Raises BadParameter."""
    if not AGE.fullmatch(text):
        raise click.BadParameter(f"an age was expected, such as 90m, 24h or 7d; not {text!r}")
    return float(sum(int(number) * SECONDS[unit] for number, unit in PART.findall(text)))


def size(text: str) -> int:
    """A number of bytes, in powers of 1000, as sizes are shown; of 1024 with an `i`. Raises BadParameter."""
    match = SIZE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"a size was expected, such as 512MB or 10GB; not {text!r}")
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** POWERS[(match[2] or "").lower()])
