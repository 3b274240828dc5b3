"""Ctrl-C: what is under way is tidied up, but nobody waits long for that, and not at all after the second one.

Ending at any moment is safe: what is half made has no name yet, or is gone on with the next time.
"""

from __future__ import annotations

import os
import signal
import sys

from tiffin.image.command.failures import INTERRUPTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRACE = 3.0  # seconds; a thread may wait for a silent server for a minute
SHOW_CURSOR = "\x1b[?25h"  # a bar of progress hides it


def interrupted(number: int, _frame: Any) -> None:
    """The handler of SIGINT: raises KeyboardInterrupt, once."""
    import threading

    signal.signal(number, signal.SIG_DFL)
    watchdog = threading.Timer(GRACE, _end_anyway)
    watchdog.daemon = True
    watchdog.start()
    raise KeyboardInterrupt


def end_now(code: int) -> None:
    """Ends the process without waiting for its threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_anyway() -> None:
    cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
    print(f"{cursor}tiffin-image: interrupted", file=sys.stderr, flush=True)
    os._exit(INTERRUPTED)
