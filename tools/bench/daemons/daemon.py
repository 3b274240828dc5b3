"""A daemon of the bench's own, ours or Debian's containerd, each in a folder: started, asked, and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

WAIT = 30.0
CONTAINERD = """version = 2
root = "{folder}/root"
state = "{folder}/run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{folder}/socket"
[ttrpc]
  address = "{folder}/socket.ttrpc"
"""
OURS = CONTAINERD.replace("version = 2", "version = 3").replace(
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n', ""
)
SUPERVISORS = (b"containerd-shim", b"tiffin-monitor")
RUNTIMES = {"containerd": "io.containerd.runc.v2", "tiffind": "io.containerd.tiffin.v2"}


class Daemon(NamedTuple):
    """A daemon that answers. runtime: the name of what containers run on by default."""

    name: str
    folder: Path
    pid: int
    runtime: str

    @property
    def address(self) -> str:
        """For grpc."""
        return f"unix://{self.folder}/socket"

    def processes(self) -> list[int]:
        """The daemon, and its shims and monitors."""
        others = (
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._is_ours(entry)
        )
        return [self.pid, *others]

    def _is_ours(self, entry: Path) -> bool:
        """A shim has the folder among its arguments or as its directory; an interpreter runs ours."""
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if not any(os.path.basename(word).startswith(SUPERVISORS) for word in words[:4]):
                return False
            place = os.readlink(entry / "cwd")
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            return False
        return str(self.folder) in place or any(os.fsencode(self.folder) in word for word in words)


def command_of(name: str, folder: Path) -> list[str]:
    """The command line of a daemon, whose config is written."""
    config = folder / "config.toml"
    config.write_text((CONTAINERD if name == "containerd" else OURS).format(folder=folder))
    program = "containerd" if name == "containerd" else str(Path(sys.executable).with_name("tiffind"))
    return [program, "--config", str(config)]


@contextmanager
def running(name: str, folder: Path) -> Iterator[Daemon]:
    """Runs a daemon until the block ends. name: `tiffind` or `containerd`. folder: short, sockets lie in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command_of(name, folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for(folder / "socket", process)
        yield Daemon(name, folder, process.pid, RUNTIMES[name])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT)


def wait_for(address: Path, process: subprocess.Popen[bytes]) -> None:
    """Waits until something listens at a socket. Raises TimeoutError, and RuntimeError if the daemon has ended."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(str(address)) == 0:
                return
        if process.poll() is not None:
            raise RuntimeError(f"the daemon ended: see {address.parent}/log")
        time.sleep(0.01)
    raise TimeoutError(f"nothing listens at {address}")


def proportional_set_size(pid: int) -> int:
    """PSS in kB, proc(5); 0 if it has just ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
