"""`hold_signals`: a command that leaves a container behind is not ended half-way by SIGTERM or SIGHUP, as with runc.

What is half made helps nobody: hooks have run, and only `delete --force` removes it. SIGINT is for the person at the
keyboard, and undoes what was made.
"""

from __future__ import annotations

from _signal import SIG_BLOCK, SIGHUP, SIGTERM, pthread_sigmask


def hold_signals() -> None:
    """From here on they wait; this process's end, which is near, makes an end of them too."""
    pthread_sigmask(SIG_BLOCK, (SIGHUP, SIGTERM))
