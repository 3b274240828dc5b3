"""Removes a container's cgroups: all of them are tried, and what stayed is told."""

from __future__ import annotations

import posix

from ..errors import CleanupFailed, OperationFailed
from .processes import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def remove_all(paths: Iterable[str]) -> None:
    """Removes each directory once, with the cgroups below it; the root of a tree is left alone.

    Raises:
        OperationFailed: one could not be removed.
        CleanupFailed: several could not.
    """
    failures = []
    for path in dict.fromkeys(paths):
        if _is_gone(path) or _is_tree_root(path):
            continue
        try:
            remove_tree(path)
        except OperationFailed as failure:
            failures.append(failure)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise CleanupFailed("Failed to remove paths", failures)


def _is_gone(path: str) -> bool:
    """As a rule nothing is in it any more, and the kernel refuses to remove a root."""
    try:
        posix.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:  # busy, or not ours: whoever looks closer finds out, and says so
        return False
    return True


def _is_tree_root(path: str) -> bool:
    """A container may have been told to use `/`, with everyone else's cgroups below it."""
    try:
        device = posix.stat(path).st_dev
    except FileNotFoundError:
        return False
    return device != posix.stat(path.rpartition("/")[0] or "/").st_dev
