"""A process with our services that a test starts, kills, and starts again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packages.manager.tests.client import Client

if TYPE_CHECKING:
    from typing import Self

REPOSITORY = Path(__file__).parents[4]


class ServiceProcess:
    """Use it in a `with` statement; then `start` it. Its store stays when it is killed."""

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="tiffin-mgr-"))
        self._process: subprocess.Popen[bytes] | None = None
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def start(self) -> Client:
        """Starts it, and connects to it."""
        paths = [str(REPOSITORY), str(REPOSITORY / "tests/support")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "packages.manager.tests.services.serve", str(self.folder)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return Client(str(self.folder / "containerd.sock"))

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
        self._process = None

    def memory(self) -> int:
        """Its resident bytes."""
        assert self._process is not None
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
