"""Whoever takes a container back waits for the commands that a killed predecessor has left at work."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from pathlib import Path

import pytest

from tiffin.shim.runtimes import guard


async def test_without_a_predecessor_nothing_is_waited_for(tmp_path: Path) -> None:
    await guard.released(str(tmp_path), "c1", seconds=0)
    with guard.held(str(tmp_path)) as descriptor:
        assert descriptor >= 0
    await guard.released(str(tmp_path), "c1", seconds=1)


async def test_a_command_that_goes_on_is_waited_for(tmp_path: Path) -> None:
    with guard.held(str(tmp_path)) as descriptor:
        command = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[descriptor])  # noqa: ASYNC220
    waiting = asyncio.ensure_future(guard.released(str(tmp_path), "c1", seconds=100))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.05)
    assert guard.holders(str(tmp_path / guard.NAME)) == [command.pid]
    command.communicate()
    await waiting


async def test_a_command_that_hangs_is_killed_in_the_end(tmp_path: Path) -> None:
    with guard.held(str(tmp_path)) as descriptor:
        command = subprocess.Popen(["sleep", "1000"], pass_fds=[descriptor])  # noqa: ASYNC220
    await guard.released(str(tmp_path), "c1", seconds=0.05)
    assert command.wait() == -9


async def test_looking_for_it_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The descriptors of all processes are looked at, one of which may be on a file system that hangs."""
    others_go_on = threading.Event()

    def holders(_: str) -> list[int]:
        assert others_go_on.wait(20)
        return [command.pid]

    monkeypatch.setattr(guard, "holders", holders)
    with guard.held(str(tmp_path)) as descriptor:
        command = subprocess.Popen(["sleep", "1000"], pass_fds=[descriptor])  # noqa: ASYNC220
    waiting = asyncio.ensure_future(guard.released(str(tmp_path), "c1", seconds=0))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.05)
    others_go_on.set()
    await waiting
    assert command.wait() == -9


def test_without_a_folder_or_a_disk_commands_run_unguarded(tmp_path: Path) -> None:
    for directory in ("", str(tmp_path / "gone")):
        with guard.held(directory) as descriptor:
            assert descriptor == -1


def test_the_guard_is_for_its_owner_alone(tmp_path: Path) -> None:
    with guard.held(str(tmp_path)):
        assert os.stat(tmp_path / guard.NAME).st_mode & 0o777 == 0o600
