"""SIGUSR1: the stacks of all threads and tasks go to the log and to a file, as containerd does it with its own."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tiffin.manager.observability import stacks

LOG = logging.getLogger("tiffin.manager.stacks")


@contextmanager
def dump_at_signal(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Until the end of the block.

    `faulthandler` writes the threads to stderr, within the signal handler, so that a loop that is stuck tells where;
    the rest is written by the loop.
    """
    loop.add_signal_handler(signal.SIGUSR1, dump, loop)
    faulthandler.register(signal.SIGUSR1, all_threads=True, chain=True)
    try:
        yield
    finally:
        faulthandler.unregister(signal.SIGUSR1)
        loop.remove_signal_handler(signal.SIGUSR1)


def dump(loop: asyncio.AbstractEventLoop) -> None:
    """Writes all of it to a file, and the tasks to the log."""
    text = f"=== BEGIN stack dump ===\n{stacks.threads()}\n{stacks.tasks(loop)}\n=== END stack dump ===\n"
    LOG.info("%s", text)
    try:
        path = _write(text)
    except OSError as error:
        LOG.warning("the stacks cannot be written", extra={"fields": {"error": error}})
    else:
        LOG.info("stacks written", extra={"fields": {"path": path}})


def _write(text: str) -> str:
    """A file that nobody else can have prepared: /tmp is everybody's."""
    import tempfile  # half a megabyte, for what is rarely asked

    descriptor, path = tempfile.mkstemp(prefix=f"tiffind.{os.getpid()}.", suffix=".stacks.log")
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path
