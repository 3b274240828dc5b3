"""Makes this process the parent of its descendants' orphans (PR_SET_CHILD_SUBREAPER, Linux 3.4, prctl(2))."""

from __future__ import annotations

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """Orphans of containers without a pid namespace become our children, which `foreground` reaps.

    Imports ctypes, which takes milliseconds: only for containers that can leave orphans to us.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
