"""Ctrl-C, SIGTERM, a terminal that goes away: what is under way is tidied up, but nobody waits long for that.

After the second signal nobody waits at all. Ending at any moment is safe: what is half made has no name yet, or is
gone on with the next time.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRACE = 3.0  # seconds; a thread may wait for a silent server for a minute
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


def interrupted(number: int, _frame: Any) -> None:
    """The handler: raises Interrupted, once."""
    import threading

    for one in ENDING:
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, signal.SIG_DFL)
    error = Interrupted(number)
    watchdog = threading.Timer(GRACE, _end_anyway, (error,))
    watchdog.daemon = True
    watchdog.start()
    raise error


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
