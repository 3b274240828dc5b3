"""A daemon of the bench's own, ours or Debian's containerd, each in a folder: started, asked, and stopped.

What is gone after a boot is on a tmpfs, as it is in /run on a real host.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

WAIT = 30.0
MEMORY = Path("/dev/shm")
CONTAINERD = """version = 2
root = "{folder}/root"
state = "{state}"
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
    """A daemon that answers. state: its folder on a tmpfs. runtime: the name of what containers run on by default."""

    name: str
    folder: Path
    state: Path
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
        """A shim has a folder among its arguments or as its directory; an interpreter runs ours."""
        folders = (str(self.folder), str(self.state))
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if not any(os.path.basename(word).startswith(SUPERVISORS) for word in words[:4]):
                return False
            place = os.readlink(entry / "cwd")
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            return False
        return any(each in place or any(each.encode() in word for word in words) for each in folders)


def command_of(name: str, folder: Path, state: Path) -> list[str]:
    """The command line of a daemon, whose config is written."""
    config = folder / "config.toml"
    config.write_text((CONTAINERD if name == "containerd" else OURS).format(folder=folder, state=state))
    program = "containerd" if name == "containerd" else str(Path(sys.executable).with_name("tiffind"))
    return [program, "--config", str(config)]


@contextmanager
def running(name: str, folder: Path) -> Iterator[Daemon]:
    """Runs a daemon until the block ends. name: `tiffind` or `containerd`. folder: short, sockets lie in it."""
    folder.mkdir(parents=True, exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="tiffin-bench-", dir=MEMORY))
    with (folder / "log").open("ab") as log:
        command = command_of(name, folder, state)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for(folder / "socket", process)
        yield Daemon(name, folder, state, process.pid, RUNTIMES[name])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT)
        shutil.rmtree(state, ignore_errors=True)


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
