"""`hold_signals`: a command is not ended by SIGTERM or SIGHUP while it makes a container, as with runc.

What is half made helps nobody: hooks have run, and only `delete --force` removes it. SIGINT is for the person at the
keyboard, and undoes what was made.
"""

from __future__ import annotations

from _signal import SIG_BLOCK, SIG_SETMASK, SIGHUP, SIGTERM, pthread_sigmask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def hold_signals() -> Iterable[int]:
    """From here on they wait, for `let_signals_come` or this process's end; what was blocked before."""
    before: Iterable[int] = pthread_sigmask(SIG_BLOCK, (SIGHUP, SIGTERM))
    return before


def let_signals_come(before: Iterable[int]) -> None:
    """Those that wait come at once; once more is no error."""
    pthread_sigmask(SIG_SETMASK, before)
