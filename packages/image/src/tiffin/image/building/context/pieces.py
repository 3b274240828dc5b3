"""The pieces that a pattern is made of: functions that say where in a path each can end.

All ends are followed at once, in place of trying one after the other: the time is linear in the path and in the
pattern, whatever they are. A regular expression of a few `**/` needs minutes for one path.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    Piece = Callable[
        [str, list[int]], list[int]
    ]  # a path, and where the piece may begin: ascending, not empty


def literal(text: str) -> Piece:
    """Exactly this text."""

    def ends(path: str, starts: list[int]) -> list[int]:
        return [at + len(text) for at in starts if path.startswith(text, at)]

    return ends


def one_of(members: re.Pattern[str]) -> Piece:
    """One character: `?` and `[...]`."""

    def ends(path: str, starts: list[int]) -> list[int]:
        return [at + 1 for at in starts if members.match(path, at)]

    return ends


def within_name(path: str, starts: list[int]) -> list[int]:
    """`*`: anything up to the next slash."""
    found: list[int] = []
    for at in starts:
        slash = path.find("/", at)
        first = max(at, found[-1] + 1) if found else at
        found.extend(range(first, (len(path) if slash < 0 else slash) + 1))
    return found


def folders(path: str, starts: list[int]) -> list[int]:
    """`**/`: nothing, or anything up to a slash."""
    behind = {at + 1 for at in range(starts[0], len(path)) if path[at] == "/"}
    return sorted(behind.union(starts))


def anything(path: str, starts: list[int]) -> list[int]:
    """`**` at the end."""
    return list(range(starts[0], len(path) + 1))
