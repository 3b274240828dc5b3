"""A containerd of a test's own, and `ctr` for it. It says by sd_notify(3) when it is ready: nothing polls."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tiffin_testing.mortal import MORTAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 120.0
CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{folder}/containerd.sock"
[ttrpc]
  address = "{folder}/containerd.sock.ttrpc"
[plugins."io.containerd.gc.v1.scheduler"]
  deletion_threshold = 0
  mutation_threshold = 1000000
  pause_threshold = 0.0000001
  schedule_delay = "0s"
  startup_delay = "24h"
"""  # no collection but those that a client waits for: a view of `ctr snapshots` is kept by nothing


class Containerd:
    """A daemon that runs, and `ctr` in one of its namespaces.

    Args:
        folder: what is the daemon's own; the socket is `address`.
        pid: of the daemon.
    """

    def __init__(self, folder: Path, pid: int, namespace: str = "default") -> None:
        self.folder = folder
        self.pid = pid
        self.namespace = namespace

    @property
    def address(self) -> str:
        """Of the socket for gRPC: a path."""
        return f"{self.folder}/containerd.sock"

    def within(self, namespace: str) -> Containerd:
        """The same daemon; images and snapshots of another namespace."""
        return Containerd(self.folder, self.pid, namespace)

    def __call__(self, *words: str | Path) -> str:
        """What `ctr` prints; it must succeed."""
        command = ["ctr", "--address", self.address, "--namespace", self.namespace]
        done = subprocess.run(
            [*command, *map(str, words)], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, f"ctr {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def view(self, snapshotter: str, chain_id: str) -> list[tuple[str, str, list[str]]]:
        """The mounts of a new view of a snapshot: type, source, options."""
        snapshots = ("snapshots", "--snapshotter", snapshotter)
        self(*snapshots, "view", "view", chain_id)
        lines = self(*snapshots, "mounts", "/TARGET", "view").splitlines()
        rows = [line.split() for line in lines if line]  # mount -t TYPE SOURCE /TARGET -o OPTIONS
        return [(row[2], row[3], row[6].split(",")) for row in rows]


@contextmanager
def running_containerd(folder: Path) -> Iterator[Containerd]:
    """Runs one until the block ends. folder: short, since sockets lie in it, whose paths have at most 107 bytes."""
    (folder / "config.toml").write_text(CONFIG.format(folder=folder))
    log, ready = folder / "log", folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, log.open("wb") as stream:
        notify.bind(str(ready))
        notify.settimeout(SECONDS)
        environment = {**os.environ, "NOTIFY_SOCKET": str(ready)}
        command = [*MORTAL, "containerd", "--config", str(folder / "config.toml")]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment
        )
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
            yield Containerd(folder, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)
