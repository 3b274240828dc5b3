"""A shim that containerd has started: who it is, and how to kill it and start it again by hand."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.ttrpc import BlockingClient

if TYPE_CHECKING:
    from packages.shim.tests.interop.daemon import Daemon

SECONDS = 60.0
SHIM = Path(sys.executable).parent / "containerd-shim-tiffin-v2"


class ShimProcess(NamedTuple):
    """One shim. containerd: address of the socket that it was started with."""

    pid: int
    address: str
    bundle: Path
    containerd: str

    @classmethod
    def of(cls, daemon: Daemon, container: str) -> ShimProcess:
        """The shim of a container's task; of any kind."""
        bundle = daemon.bundle(container)
        address, version = _socket_of(bundle)
        return cls(_pid_at(address, version), address, bundle, daemon.address)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShimProcess) and (self.pid, self.address) == (other.pid, other.address)

    def __hash__(self) -> int:
        return hash((self.pid, self.address))

    def kill(self) -> None:
        """With -9; returns when it is gone."""
        descriptor = os.pidfd_open(self.pid)
        os.close(descriptor)
        os.kill(self.pid, signal.SIGKILL)
        wait_until_gone(self.pid)

    def command(self, action: str) -> list[str]:
        """What containerd would run."""
        names = ("-namespace", self.bundle.parent.name, "-id", self.bundle.name, "-address", self.containerd)
        return [str(SHIM), *names, action]

    def start_again(self) -> ShimProcess:
        """`start` by hand."""
        environment = {**os.environ, "TTRPC_ADDRESS": f"{self.containerd}.ttrpc"}
        done = subprocess.run(
            self.command("start"), cwd=self.bundle, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=True, timeout=SECONDS,
        )  # fmt: skip
        return self._replace(pid=_pid_at(done.stdout), address=done.stdout)

    @property
    def socket(self) -> Path:
        return Path(self.address.removeprefix("unix://"))


def wait_until_gone(pid: int) -> None:
    """Returns when a process has ended, whoever its parent is."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        readable, _, _ = select.select([descriptor], [], [], SECONDS)
        assert readable, f"process {pid} lives on"
    finally:
        os.close(descriptor)


def _socket_of(bundle: Path) -> tuple[str, int]:
    """Where a shim listens, as containerd notes it, and the version of its service."""
    try:
        told = json.loads((bundle / "bootstrap.json").read_text())
    except FileNotFoundError:  # containerd 1.6
        return (bundle / "address").read_text(), 2
    return told["address"], told["version"]


def _pid_at(address: str, version: int = 2) -> int:
    with BlockingClient(address, timeout=SECONDS) as client:
        request = shim_pb2.ConnectRequest()
        answer = client.call(
            f"containerd.task.v{version}.Task", "Connect", request, shim_pb2.ConnectResponse, timeout=SECONDS
        )
    return answer.shim_pid
