"""Differences from runc 1.1 that we keep on purpose, each with its reason."""

from __future__ import annotations

import re

# (case, fact, reason): regular expressions that must match whole.
ACCEPTED: tuple[tuple[str, str, str], ...] = ()


def accepted(case: str, fact: str, ours: str | None, theirs: str | None) -> bool:
    """Whether a difference stands in the list."""
    return any(re.fullmatch(one, case) and re.fullmatch(other, fact) for one, other, _reason in ACCEPTED)
