"""A pid that was reaped may be another's: nothing is sent to it."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from packages.shim.tests.monitor.records import until
from packages.shim.tests.monitor.scene import FOREVER, Scenes, ended

pytestmark = pytest.mark.requires("root")

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
ATTEMPTS = 200


def echo_with(pid: int) -> subprocess.Popen[bytes]:
    """A process with this pid, unless others on the machine are quicker each time; it says back what it is told."""
    last = LAST_PID.read_text()
    try:
        for _ in range(ATTEMPTS):
            LAST_PID.write_text(str(pid - 1))
            echo = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if echo.pid == pid:
                return echo
            echo.communicate()
    finally:
        LAST_PID.write_text(last)  # those between may be just as fresh in others' memory
    raise AssertionError(f"{pid} was given to somebody else")


async def test_forgetting_what_nobody_adopted_kills_nobody_else(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        spawn = scene.command("init", "/bin/sh", "-c", FOREVER)
        launcher = await scene.monitor.spawn(spawn)
        await ended(launcher)
        await (
            scene.monitor.close()
        )  # with nobody to adopt it, the monitor looks whether anything of it still lives
        await until(lambda: not Path(f"/proc/{launcher}").exists())
        await scene.reconnect()
        echo = await asyncio.to_thread(echo_with, launcher)
        await scene.monitor.forget("init")
        assert (await asyncio.to_thread(echo.communicate, b"here"))[0] == b"here"
        pid = int(await asyncio.to_thread(Path(spawn.pid_file).read_text))
        await asyncio.to_thread(subprocess.run, ["/bin/kill", "-9", str(pid)], check=True)
        await ended(pid)
