"""A containerd of a test's own that may be killed and started again, `ctr` for it, and the events that it publishes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from packages.shim.tests.interop.watching import Watcher
from tests.interop.client import Client
from tests.interop.peers import CONTAINERD_CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0
COLLECTION = """
[plugins."io.containerd.gc.v1.scheduler"]
  schedule_delay = "24h"
  startup_delay = "24h"
"""  # none while a test looks


class Daemon:
    """One folder, and the containerd that runs on it now.

    Args:
        folder: short, since sockets lie in it. What it keeps outlives the daemon.
        namespace: of the tests; containers have their cgroups below one of this name.
    """

    def __init__(self, folder: Path, namespace: str) -> None:
        self.folder = folder
        self.namespace = namespace
        self.ctr = Client(("ctr", "--address", self.address, "--namespace", namespace))
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "config.toml").write_text(CONTAINERD_CONFIG.format(folder=folder) + COLLECTION)

    @property
    def address(self) -> str:
        return f"{self.folder}/containerd.sock"

    def bundle(self, container: str) -> Path:
        """Where containerd keeps a task's files."""
        return self.folder / "run/io.containerd.runtime.v2.task" / self.namespace / container

    def start(self) -> None:
        """Starts it, and returns when it serves. It finds our shim in its $PATH."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        ready = self.folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, self.log.open("ab") as log:
            notify.bind(str(ready))
            notify.settimeout(SECONDS)
            self._process = subprocess.Popen(
                ["containerd", "--config", str(self.folder / "config.toml")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": path, "NOTIFY_SOCKET": str(ready)},
            )
            while b"READY=1" not in notify.recv(4096):
                pass
        ready.unlink()

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ends it by a signal; nothing if it does not run."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(SECONDS)
            self._process = None

    def pid(self, container: str) -> int:
        """Of a task's first process, as containerd knows it."""
        return int(self._row(container)[1])

    def status(self, container: str) -> str:
        """Of a task: RUNNING and the like."""
        return self._row(container)[2]

    def _row(self, container: str) -> list[str]:
        rows = [line.split() for line in self.ctr("task", "ls").splitlines()]
        return next(row for row in rows if row[0] == container)

    def restore(self) -> None:
        """Starts it if it does not run, and removes all containers."""
        if self._process is None:
            self.start()
        for container in self.ctr("container", "ls", "--quiet").split():
            self.forget(container)

    def forget(self, container: str) -> None:
        """Removes a container, and its task if there is one."""
        command = [*self.ctr.argv, "task", "delete", "--force", container]
        subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        self.ctr("container", "rm", container)

    def background(self, *words: str) -> subprocess.Popen[bytes]:
        """`ctr` that goes on; it reads and writes nothing."""
        nothing = subprocess.DEVNULL
        return subprocess.Popen([*self.ctr.argv, *words], stdin=nothing, stdout=nothing, stderr=nothing)

    @contextmanager
    def watched(self) -> Iterator[Watcher]:
        """What is published in our namespace while the block runs."""
        with Watcher(self.address, self.namespace) as watcher:
            yield watcher
