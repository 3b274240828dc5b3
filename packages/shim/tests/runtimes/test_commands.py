"""Commands of runtimes: their results, their time limits, and what is left of them."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tiffin.runtime.errors import NotFound, TimedOut
from tiffin.shim.runtimes.commands import LOG_PATH, run_command

SH = "/bin/sh"


async def test_a_command_has_a_status_output_and_a_log_of_its_own() -> None:
    script = f"cat; echo err >&2; echo log >{LOG_PATH}; echo out; exit 3"
    finished = await run_command([SH, "-c", script], seconds=10, data=b"in\n")
    assert (finished.status, finished.output, finished.log) == (3, b"in\nerr\nout\n", b"log\n")


async def test_a_command_that_a_signal_ends_has_128_more() -> None:
    assert (await run_command([SH, "-c", "kill -TERM $$"], seconds=10)).status == 128 + signal.SIGTERM


async def test_a_missing_program_is_not_found() -> None:
    with pytest.raises(NotFound, match="/no/such"):
        await run_command(["/no/such"], seconds=10)


async def test_a_command_does_not_take_a_container_for_our_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/of/ours")
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("KEPT", "yes")
    finished = await run_command([SH, "-c", "env"], seconds=10)
    assert b"KEPT=yes" in finished.output
    assert b"NOTIFY_SOCKET" not in finished.output
    assert b"LISTEN_FDS" not in finished.output


async def test_a_command_hears_of_broken_pipes_as_any_program() -> None:
    finished = await run_command([SH, "-c", "grep ^SigIgn /proc/self/status"], seconds=10)
    ignored = int(finished.output.split()[1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1))


def test_what_a_command_holds_may_have_any_number_here() -> None:
    """In a program that has nothing open, the first descriptor is that of the command's log."""
    script = f"""
import asyncio, os, socket
from tiffin.shim.runtimes.commands import GUARD_DESCRIPTOR, run_command
os.closerange(3, 100)
ours, other = socket.socketpair()
assert ours.fileno() == 3
words = [{SH!r}, "-c", f"readlink /proc/self/fd/{{GUARD_DESCRIPTOR}}"]
done = asyncio.run(run_command(words, seconds=10, guard=ours.fileno()))
assert done.output.startswith(b"socket:"), done
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_a_grandchild_that_keeps_its_output_open_holds_nobody_up(tmp_path: Path) -> None:
    finished = await run_command([SH, "-c", "sleep 1000 & echo $!"], seconds=10)
    grandchild = int(finished.output)
    os.kill(grandchild, signal.SIGKILL)


@pytest.mark.parametrize("trap", ["", "trap '' TERM INT HUP; "])
async def test_a_command_whose_time_is_up_is_killed_with_its_children(tmp_path: Path, trap: str) -> None:
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    end = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(TimedOut, match=r"did not end in 0\.2 s"):
            await run_command([SH, "-c", f"{trap}exec 9>{fifo}; sleep 1000 & sleep 1000"], seconds=0.2)
        await asyncio.to_thread(os.set_blocking, end, True)
        assert os.read(end, 1) == b""  # nobody holds it any more
    finally:
        os.close(end)


async def test_a_command_whose_end_cannot_be_heard_of_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """There was a last descriptor for it, and none to wait by."""
    started = []

    def pidfd_open(pid: int) -> int:
        started.append(pid)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pidfd_open", pidfd_open)
    with pytest.raises(OSError, match="Too many open files"):
        await run_command([SH, "-c", "sleep 1000"], seconds=10)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


async def test_a_call_that_is_cancelled_leaves_no_command() -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    call = asyncio.ensure_future(run_command([SH, "-c", "echo x >&4; sleep 1000"], seconds=100, guard=write))
    os.close(write) if await _starts(read) else None
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert os.read(read, 10) == b""
    os.close(read)


async def _starts(read: int) -> bool:
    started = asyncio.Event()
    asyncio.get_running_loop().add_reader(read, started.set)
    await started.wait()
    asyncio.get_running_loop().remove_reader(read)
    return os.read(read, 2) == b"x\n"
