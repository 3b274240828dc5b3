"""A process in the foreground: signals that we get are forwarded to it, and its exit code becomes ours."""

from __future__ import annotations

import posix
from _signal import (
    SIG_BLOCK,
    SIG_SETMASK,
    SIGCHLD,
    SIGKILL,
    SIGPIPE,
    SIGSTOP,
    SIGURG,
    SIGWINCH,
    pthread_sigmask,
    sigwait,
    valid_signals,
)

NOT_FORWARDED = frozenset({int(SIGPIPE), int(SIGURG), int(SIGWINCH)})
SYNCHRONOUS = frozenset({4, 5, 7, 8, 11})  # of our own faults: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV
SIGNALLED = 128  # a shell's exit code for death by a signal is this and the signal's number


def forwardable() -> set[int]:
    """The signals that somebody may send us for the container, and those that tell about it."""
    return {int(number) for number in valid_signals()} - {int(SIGKILL), int(SIGSTOP)} - SYNCHRONOUS


class ForwardedSignals:
    """From here on signals wait for us; must be made before the process is, so that none gets lost."""

    def __init__(self) -> None:
        self._numbers = forwardable()
        self._before = pthread_sigmask(SIG_BLOCK, self._numbers)

    def restore(self) -> None:
        pthread_sigmask(SIG_SETMASK, self._before)

    def wait(self, pid: int) -> int:
        """Forwards signals, and reaps orphans, until the process ends; returns its exit code."""
        while True:
            number = int(sigwait(self._numbers))
            if number == SIGCHLD:
                code = reap(pid)
                if code is not None:
                    return code
            elif number not in NOT_FORWARDED:
                forward(pid, number)


def forward(pid: int, number: int) -> None:
    """Sends a signal to a child that we have not reaped, so that the pid is still its own."""
    try:
        posix.kill(pid, number)
    except ProcessLookupError:
        return


def reap(pid: int) -> int | None:
    """Reaps every child that has ended; the exit code of `pid` if it is among them."""
    found = None
    while True:
        try:
            ended, status = posix.waitpid(-1, posix.WNOHANG)
        except ChildProcessError:
            return found
        if ended == 0:
            return found
        if ended == pid:
            found = exit_code(status)


def exit_code(status: int) -> int:
    """A wait status as a shell tells it."""
    code = posix.waitstatus_to_exitcode(status)
    return code if code >= 0 else SIGNALLED - code
