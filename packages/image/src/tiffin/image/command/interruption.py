"""Ctrl-C, SIGTERM, a terminal that goes away: what is under way is tidied up, but nobody waits long for that.

After the second signal nobody waits at all. Ending at any moment is safe: what is half made has no name yet, or is
gone on with the next time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

GRACE = 3.0  # seconds; a thread may wait for a silent server for a minute
AGAIN = 0.005  # seconds between looks whether it may stop now
EDGES, MANAGERS = ("__enter__", "__exit__"), (contextlib.__file__, threading.__file__)
TRANSACTIONS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "metadata", "")
SHOW_CURSOR = "\x1b[?25h"  # a bar of progress hides it
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """One of `ENDING` came. number: which; the exit code is that of a process which the signal has killed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.code = 128 + number
        self.text = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"


def listen() -> None:
    """Sets the handlers; a signal that our caller ignores, as `nohup` and `&` have it, stays ignored."""
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupted)


def interrupted(number: int, frame: FrameType | None) -> None:
    """The handler: raises Interrupted, once, at the next moment at which nothing would stay locked by that."""
    for one in ENDING:
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, signal.SIG_DFL)
    error = Interrupted(number)
    watchdog = threading.Timer(GRACE, _end_anyway, (error,))
    watchdog.daemon = True
    watchdog.start()

    def stop(_number: int, at: FrameType | None) -> None:
        if _may_stop(at):
            raise error
        signal.setitimer(signal.ITIMER_REAL, AGAIN)

    signal.signal(signal.SIGALRM, stop)
    stop(number, frame)


def too_late() -> None:
    """From now on no signal is an interruption any more that came before: the work is done, or has failed."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def _may_stop(frame: FrameType | None) -> bool:
    """Whether an exception from a handler may arise here.

    Not between the taking of a lock and the `try` or `with` that gives it back, and in no transaction: what tidies up,
    and the threads that it waits for, would wait for those.
    """
    if frame and frame.f_code.co_name in EDGES and frame.f_code.co_filename in MANAGERS:
        return False
    while frame:
        if frame.f_code.co_filename.startswith(TRANSACTIONS):
            return False
        frame = frame.f_back
    return True


def end_now(code: int) -> None:
    """Ends the process without waiting for its threads."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more: there is nobody to tell
            stream.flush()
    os._exit(code)


def _end_anyway(error: Interrupted) -> None:
    with suppress(OSError):  # the terminal has gone away
        cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
        print(f"{cursor}tiffin-image: {error.text}", file=sys.stderr, flush=True)
    os._exit(error.code)
