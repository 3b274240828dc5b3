"""What was told is on disk also if the power fails right after it: by a file system that forgets what it may forget."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.shim.tests.monitor.scene import Scenes, ended

from tiffin.shim.monitor import recorded

pytestmark = pytest.mark.requires("root")

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
NO_LOG_FLUSH = struct.pack("=I", 2)  # nothing is written any more, as when the power fails
SIZE = 16 << 20


class Disk:
    """An ext4 in a file. path: where it is mounted."""

    def __init__(self, folder: Path) -> None:
        self.image = folder / "image"
        self.path = folder / "disk"
        self.path.mkdir()
        self.image.touch()
        os.truncate(self.image, SIZE)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True, timeout=60)
        self.mount()

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True, timeout=60)

    def unmount(self) -> None:
        subprocess.run(["umount", self.path], check=True, timeout=60)

    def lose_power(self) -> None:
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(folder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path)
    yield disk
    disk.unmount()


async def test_an_end_that_was_told_is_there_after_the_power_failed(scene_of: Scenes, disk: Disk) -> None:
    async with scene_of() as scene:
        await scene.monitor.quit()
        scene.directory = str(disk.path / "m")
        await scene.__aenter__()
        await scene.run("init", "exit 7")
        await scene.heard.exit_of("init")
        disk.lose_power()
        await scene.monitor.quit()
        await ended(scene.monitor.pid)
        disk.unmount()
        disk.mount()
        assert recorded(scene.directory)["init"].exit == scene.heard.exits["init"]
