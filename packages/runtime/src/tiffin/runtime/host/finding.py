"""What a probe is, and what it comes back with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one probe found.

    Args:
        available: whether this host can do it, here and for this user.
        detail: how, or why not, in a few words.
    """

    available: bool
    detail: str


@dataclass(frozen=True)
class Probe:
    """One row of the table.

    Args:
        name: the word for `requires(...)` and JSON.
        group: heading in the printed table.
        purpose: what it is for, in a few words.
        check: finds out; leaves nothing behind and ends within seconds. It raises nothing but programming errors.
        remedy: what to do where it is missing.
    """

    name: str
    group: str
    purpose: str
    check: Callable[[], Finding]
    remedy: str
