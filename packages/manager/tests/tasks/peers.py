"""The managers that the tests of tasks run against: Debian's containerd, and ours, on each kind of runtime."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packages.manager.tests.tiffind import Tiffind

from tiffin_testing.containerd import CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0
RUNC = "io.containerd.runc.v2"
TIFFIN = "io.containerd.tiffin.v2"


class Kind(NamedTuple):
    """A manager, and what its tasks run on. manager: "containerd" or "tiffin"."""

    manager: str
    runtime: str

    @property
    def ours(self) -> bool:
        """Whether it is our manager."""
        return self.manager == "tiffin"


KINDS = {
    "containerd": Kind("containerd", RUNC),
    "tiffin-runc": Kind("tiffin", RUNC),
    "tiffin": Kind("tiffin", TIFFIN),
    "tiffin-shim": Kind("tiffin", str(Path(sys.executable).with_name("containerd-shim-tiffin-v2"))),
}
OURS = [name for name, kind in KINDS.items() if kind.ours]
FOREIGN = [name for name, kind in KINDS.items() if kind.runtime == RUNC]
EXTERNAL = [name for name, kind in KINDS.items() if kind.runtime != TIFFIN]


class Peer:
    """A manager that runs, and may be killed and started again.

    Args:
        folder: its own; short, since sockets lie in it.
        config: text for the file of ours.
    """

    def __init__(self, kind: Kind, folder: Path, config: str = "") -> None:
        self.kind = kind
        self.folder = folder
        self._tiffind = Tiffind(folder, config) if kind.ours else None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Of its socket for gRPC: a path."""
        return self._tiffind.address if self._tiffind is not None else f"{self.folder}/containerd.sock"

    @property
    def pid(self) -> int:
        """Of ours, which runs."""
        assert self._tiffind is not None
        return self._tiffind.pid

    @property
    def bundles(self) -> Path:
        """Where it keeps bundles: `<namespace>/<id>`."""
        return self.folder / ("state/tasks" if self.kind.ours else "run/io.containerd.runtime.v2.task")

    def start(self) -> None:
        """Starts it, and returns when it is ready."""
        if self._tiffind is not None:
            self._tiffind.start()
            return
        ready = self.folder / "notify"
        ready.unlink(missing_ok=True)
        config = self.folder / "config.toml"
        config.write_text(CONFIG.format(folder=self.folder))
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
            (self.folder / "log").open("ab") as log,
        ):
            notify.bind(str(ready))
            notify.settimeout(SECONDS)
            environment = {**os.environ, "NOTIFY_SOCKET": str(ready)}
            command = ["containerd", "--config", str(config)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
            while b"READY=1" not in notify.recv(4096):
                pass

    def end(self, number: int = signal.SIGTERM) -> None:
        """Ends it by a signal, and waits for it. Its containers live on."""
        if self._tiffind is not None:
            self._tiffind.signal(number)
            self._tiffind.wait()
        elif self._process is not None:
            self._process.send_signal(number)
            self._process.wait(SECONDS)

    def close(self) -> None:
        """Ends it for good."""
        self.end()
        if self._tiffind is not None:
            self._tiffind.__exit__()

    def ctr(self, *words: str | Path, namespace: str = "default") -> subprocess.CompletedProcess[str]:
        """The end of `ctr`."""
        command = ["ctr", "--address", self.address, "--namespace", namespace, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


@contextmanager
def running(kind: Kind, folder: Path) -> Iterator[Peer]:
    """Runs one until the block ends."""
    peer = Peer(kind, folder)
    peer.start()
    try:
        yield peer
    finally:
        peer.close()
