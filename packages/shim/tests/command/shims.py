"""A shim that `start` has started, as a containerd of any generation does it; the test is its containerd."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tiffin.api.containerd.runtime.bootstrap.v1.bootstrap_pb2 import BootstrapParams, BootstrapResult
from tiffin.api.containerd.runtime.task.v3 import shim_pb2
from tiffin.ttrpc import BlockingClient, Raw, RpcError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHIM = Path(sys.executable).parent / "containerd-shim-tiffin-v2"
SECONDS = 60.0
TASK = "containerd.task.v3.Task"
NAMESPACE = "tiffin-test"


class Started(NamedTuple):
    """A shim. address: as it printed it. pid: its own."""

    id: str
    address: str
    pid: int

    @property
    def socket(self) -> Path:
        return Path(self.address.removeprefix("unix://"))

    def shut_down(self) -> None:
        """Asks it to end, and waits for that."""
        with BlockingClient(self.address, timeout=SECONDS) as client:
            request = shim_pb2.ShutdownRequest(id=self.id)
            client.call(TASK, "Shutdown", request, Raw, timeout=SECONDS)
        wait_for_end(self.pid)


def run(
    bundle: Path, *words: str, data: bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs the command in a bundle."""
    return subprocess.run(
        [SHIM, *words], cwd=bundle, input=data, capture_output=True, timeout=SECONDS, check=False,
        env={**os.environ, "TTRPC_ADDRESS": "", **(environment or {})},
    )  # fmt: skip


def parameters(identifier: str, sockets: Path, **fields: Any) -> bytes:
    """What containerd 2.3 writes to its standard input. The sockets lie in a folder of the test's own."""
    message = BootstrapParams(
        instance_id=identifier,
        namespace=NAMESPACE,
        socket_dir=str(sockets),
        containerd_grpc_address="/c.sock",
        **fields,
    )
    return message.SerializeToString()


def start(bundle: Path, identifier: str, sockets: Path, *flags: str, **fields: str) -> Started:
    """Starts one, or finds that of its group."""
    words = ("-namespace", NAMESPACE, "-id", identifier, "-address", "/c.sock", *flags, "start")
    done = run(bundle, *words, data=parameters(identifier, sockets, **fields))
    assert done.returncode == 0, done.stderr.decode()
    address = BootstrapResult.FromString(done.stdout).address
    return Started(identifier, address, pid_of(identifier, address))


def pid_of(identifier: str, address: str) -> int:
    with BlockingClient(address, timeout=SECONDS) as client:
        request = shim_pb2.ConnectRequest(id=identifier)
        return client.call(TASK, "Connect", request, shim_pb2.ConnectResponse, timeout=SECONDS).shim_pid


@contextmanager
def started(bundle: Path, identifier: str, sockets: Path, *flags: str, **fields: str) -> Iterator[Started]:
    """One that is ended after the block, if it has not ended before."""
    shim = start(bundle, identifier, sockets, *flags, **fields)
    try:
        yield shim
    finally:
        try:
            shim.shut_down()
        except (OSError, RpcError):
            kill(shim.pid)


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Ends it by a signal, and waits for that; one that has ended is fine."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    os.close(descriptor)
    os.kill(pid, number)
    wait_for_end(pid)


def wait_for_end(pid: int) -> None:
    """Returns when a process that was orphaned has ended; it is our child if we are a subreaper."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return
