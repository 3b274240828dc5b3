"""Processes of a shim that a killed manager was starting: nobody knows their address, but they are in the bundle."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle

LOG = logging.getLogger("tiffin.manager.shim")
START = 60.0  # seconds that a `start` may take, as when we had begun it


async def wait_for_starts(bundle: Bundle) -> None:
    """Returns when no `start` of a shim is at work in the bundle; one that does not end is killed."""
    for pid in await asyncio.to_thread(_processes_in, bundle.path):
        if _arguments(pid)[-1:] == [b"start"]:
            LOG.info("waits for a shim of %s that is being started: process %d", bundle.id, pid)
            await _ended(pid)


async def kill_shims(bundle: Bundle, program: str) -> None:
    """Kills shims in the bundle that do not answer. program: whose they are."""
    name = os.fsencode(os.path.basename(program))
    for pid in await asyncio.to_thread(_processes_in, bundle.path):
        if os.path.basename(next(iter(_arguments(pid)), b"")) == name:
            LOG.warning("a shim of %s does not answer, and is killed: process %d", bundle.id, pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _processes_in(folder: str) -> list[int]:
    """Those whose current folder it is."""
    wanted, found = os.path.realpath(folder), []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # it has ended, or is none of ours
            if os.readlink(f"/proc/{name}/cwd") == wanted:
                found.append(int(name))
    return found


def _arguments(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().rstrip(b"\0").split(b"\0")
    except OSError:  # it has ended
        return []


async def _ended(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        async with asyncio.timeout(START):
            await ended.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):  # it has just ended
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
