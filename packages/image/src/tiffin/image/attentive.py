"""Waiting for other threads so that a signal is noticed, as Ctrl-C.

Python looks whether a signal has come, lets other threads run, and sleeps then: a signal that comes between the two
wakes nobody. Where all processors are busy that is one of a hundred. So nothing that may last is waited for without
an end: who waits looks again twice a second.
"""

from __future__ import annotations

from concurrent.futures import ALL_COMPLETED, FIRST_EXCEPTION, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from concurrent.futures import Future
    from typing import Any

NOTICE = 0.5  # seconds


def wait_for_all(futures: Collection[Future[Any]]) -> None:
    """Returns when all have ended, however they did."""
    while wait(futures, NOTICE, ALL_COMPLETED).not_done:
        pass


def wait_for_failure(futures: Collection[Future[Any]]) -> list[BaseException]:
    """Returns when one of them has failed, with the errors so far, or when all have ended well. None is cancelled."""
    while True:
        done, others = wait(futures, NOTICE, FIRST_EXCEPTION)
        failures = [error for future in done if (error := future.exception()) is not None]
        if failures or not others:
            return failures
