"""This program, or a monitor, has too much open: nothing is taken for dead by that, and all goes on when it passes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import resource
import signal
import socket
from pathlib import Path

import pytest
from packages.shim.tests.monitor.scene import ended
from packages.shim.tests.tasks.keeping import FOREVER, Keeping, shell
from packages.shim.tests.tasks.monitors import cut, kill, monitor_of

from tiffin.runtime.errors import OperationFailed, Unavailable
from tiffin.runtime.launch.process_end import open_end
from tiffin.shim.monitor import client, starting
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks import loss, orphans
from tiffin.shim.tasks.states import Status

pytestmark = pytest.mark.requires("root", "runc")


def without_descriptors(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """So often no connection can be made, since this program has too much open."""
    connect, left = starting.connect_to, iter(range(times))

    def fail(directory: str) -> socket.socket:
        if next(left, None) is None:
            return connect(directory)
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", too_many)
            return connect(directory)

    monkeypatch.setattr(client, "connect_to", fail)


def too_many(*_: object) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


async def test_without_descriptors_a_monitor_is_not_taken_for_dead(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        without_descriptors(monkeypatch, 1)
        bundle = str(keeper.bundles[name].path)
        with pytest.raises(OperationFailed, match="Too many open files"):
            await keeper.tasks.recover(bundle)
        assert await keeper.tasks.recover(bundle) == name
        assert (await keeper.tasks.state(name)).status is Status.RUNNING


async def test_a_monitor_without_descriptors_is_not_taken_for_dead(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        monitor, bundle = monitor_of(keeper, name), str(keeper.bundles[name].path)
        taken = keeper.new_tasks()  # the first one does not know of it, as if it were dead
        used = set(map(int, os.listdir(f"/proc/{monitor}/fd")))
        free = next(number for number in itertools.count() if number not in used)
        resource.prlimit(monitor, resource.RLIMIT_NOFILE, (free, 4096))
        with pytest.raises(OperationFailed) as failed:
            await taken.recover(bundle)
        assert failed.value.errno == errno.EMFILE
        resource.prlimit(monitor, resource.RLIMIT_NOFILE, (4096, 4096))
        await keeper.tasks.close()
        keeper.tasks = taken
        assert await taken.recover(bundle) == name
        assert (await taken.state(name)).status is Status.RUNNING


async def test_without_descriptors_a_connection_is_taken_up_later(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "BETWEEN_TRIES", 0.01)
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        without_descriptors(monkeypatch, 3)
        cut(keeper, name)
        exec_id = ""
        while not exec_id:  # until the connection is there
            with contextlib.suppress(Unavailable):
                exec_id = await keeper.exec(name, shell("exit 3"))
            await asyncio.sleep(0.01)
        assert (await tasks.wait(name, exec_id)).status == 3
        assert (await tasks.state(name)).status is Status.RUNNING


async def test_without_descriptors_what_a_monitor_leaves_is_ended_later(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "BETWEEN_TRIES", 0.01)
    tries = iter((1, 2))

    def opened(pid: int) -> int:
        if next(tries, 0):
            too_many()
        return open_end(pid)

    monkeypatch.setattr(orphans, "open_end", opened)
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        kill(monitor_of(keeper, name))
        async with asyncio.timeout(20):
            assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL


async def test_a_deletion_without_descriptors_is_tried_again_and_leaves_no_monitor(
    keeper_of: Keeping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeper_of() as keeper:
        unread = tmp_path / "unread"
        os.mkfifo(unread)  # a monitor stays for what nobody has read
        name = await keeper.run(shell("echo unread; exit 3"), stdio=Stdio("", str(unread)))
        await keeper.tasks.wait(name)
        monitor = monitor_of(keeper, name)
        opened, tries = os.pidfd_open, iter((1,))

        def fail(pid: int, flags: int = 0) -> int:
            if pid == monitor and next(tries, 0):
                too_many()
            return opened(pid, flags)

        monkeypatch.setattr(os, "pidfd_open", fail)
        with pytest.raises(OSError, match="Too many open files"):
            await keeper.tasks.delete(name)
        assert (await keeper.tasks.delete(name)).exit_status == 3
        await ended(monitor)
