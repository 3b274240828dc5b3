"""Commands that hang are killed, also in a program with much open, and however many hang at once."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiffin.shim.runtimes import stopping
from tiffin.shim.runtimes.stopping import kill_commands, stop_command

MANY = 1100  # more than the 1024 that select(2) can have
AT_ONCE = 50


@pytest.fixture
def much_open() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    opened = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC) for _ in range(MANY)]
    yield
    for descriptor in opened:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("after", [0.0, 0.01])
def test_a_command_is_killed_by_a_program_with_much_open(
    much_open: None, tmp_path: Path, after: float
) -> None:
    word = str(tmp_path / "init@pid")
    words = ["/bin/sh", "-c", "echo; read x; exit", word]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert kill_commands(word, after=after)
        assert child.wait(20) == -9


class Hanging:
    """Stands for the monitor, and for the word of a command."""

    pid_file = name = "x"

    async def forget(self, _: str) -> None: ...


async def test_commands_that_cannot_be_killed_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    all_there = threading.Barrier(AT_ONCE)
    monkeypatch.setattr(stopping, "kill_commands", lambda _: all_there.wait(20))

    async def stop() -> int:
        running = asyncio.ensure_future(asyncio.sleep(0, 5))
        return await stop_command(Hanging(), Hanging(), running)  # type: ignore[arg-type]

    assert await asyncio.gather(*(stop() for _ in range(AT_ONCE))) == [5] * AT_ONCE


def test_the_end_of_a_whole_family_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has had it killed removes the folders that it writes to."""
    waited_for: list[int] = []
    monkeypatch.setattr(stopping, "_commands", lambda _: [10, 20])
    monkeypatch.setattr(stopping, "kill_family", lambda pid: {pid, pid + 1})
    monkeypatch.setattr(stopping, "_wait", lambda pids, _: waited_for.extend(pids))
    assert kill_commands("word")
    assert waited_for == [10, 11, 20, 21]
