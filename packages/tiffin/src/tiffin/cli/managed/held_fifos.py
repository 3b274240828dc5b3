"""FIFOs that we hold open at both ends, so that it does not matter when a shim opens its own."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOTH = (
    os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
)  # Linux: never waits, never fails for want of the other end (fifo(7))


@contextmanager
def held(paths: Sequence[str]) -> Iterator[None]:
    """Holds FIFOs open: a shim waits for a reader of a terminal's output, which comes later here (`attach`)."""
    descriptors = [os.open(path, BOTH) for path in paths if path]
    try:
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
