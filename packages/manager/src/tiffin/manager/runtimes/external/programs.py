"""Runs a program to its end, with what it prints in memory.

Nothing is a pipe: what the program leaves behind may keep its streams open for days, and they would have no end.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.runtime.errors import OperationFailed, TimedOut
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES = 1 << 20  # of what a program prints


class Ended(Record):
    """How a program ended. status: as waitpid says; minus the number of a signal."""

    status: int
    stdout: bytes
    stderr: bytes


async def run_program(
    command: Sequence[str],
    *,
    directory: str | None,
    environment: Mapping[str, str],
    stdin: bytes,
    seconds: float,
) -> Ended:
    """Runs it in a process group of its own, which is killed if it does not end in time, or if the caller is cancelled.

    Raises:
        TimedOut: it did not end in time.
        OperationFailed: it could not be started.
    """
    descriptors = [os.memfd_create(name, os.MFD_CLOEXEC) for name in ("stdin", "stdout", "stderr")]
    try:
        os.write(descriptors[0], stdin)
        os.lseek(descriptors[0], 0, os.SEEK_SET)
        process = await _started(command, directory, environment, descriptors)
        status = await _ended(process, command, seconds)
        return Ended(status, _content(descriptors[1]), _content(descriptors[2]))
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


async def _started(
    command: Sequence[str], directory: str | None, environment: Mapping[str, str], descriptors: Sequence[int]
) -> asyncio.subprocess.Process:
    stdin, stdout, stderr = descriptors
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=directory,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            process_group=0,
        )
    except OSError as error:
        raise OperationFailed(f"cannot run {command[0]!r}: {error}", errno=error.errno or 0) from error


async def _ended(process: asyncio.subprocess.Process, command: Sequence[str], seconds: float) -> int:
    try:
        async with asyncio.timeout(seconds):
            return await process.wait()
    except TimeoutError as error:
        raise TimedOut(f"{command[0]} {command[-1]} has not ended in {seconds:g} s; it was killed") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it has just ended
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(TimeoutError):  # one in state D dies when it can; it is reaped then
                await asyncio.wait_for(process.wait(), 1)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, MOST_BYTES, 0)
