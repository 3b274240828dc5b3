"""`wait_until_readable`: blocks until there is something to read, or until nobody wants it any more."""

from __future__ import annotations

import select

from ..errors import TimedOut


def wait_until_readable(descriptor: int, stop: int) -> None:
    """Waits for a descriptor.

    Args:
        stop: another one, which becomes readable when the work is to be given up; -1: it never is.

    Raises:
        TimedOut: `stop` said so.
    """
    poll = select.poll()
    for one in (descriptor, stop):
        if one >= 0:
            poll.register(one, select.POLLIN)
    if any(ready == stop for ready, _ in poll.poll()):
        raise TimedOut("it was given up")
