"""What goes over the seam between tasks and what they run on. Times are nanoseconds since 1970, 0 for none."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.any_pb2 import Any

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.shim.events.values import Mount


class Status(IntEnum):
    """Of a process; the numbers of containerd.v1.types.Status."""

    UNKNOWN = 0
    CREATED = 1
    RUNNING = 2
    STOPPED = 3
    PAUSED = 4
    PAUSING = 5


class Streams(Record):
    """Where a process's streams go, as a client gave them: a path of a FIFO, or a URI; "" for nowhere."""

    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    terminal: bool = False


class Creation(Record):
    """A task to be made.

    Args:
        bundle: its folder, with config.json.
        runtime: name or path of the runtime, as in the container.
        rootfs: what is mounted to the bundle's `rootfs`; nothing where config.json names another root.
        checkpoint: folder of an image of CRIU to restore from, "" for none.
        options: of the runtime, in its own message.
        sandbox: id of the sandbox it belongs to, "" for none.
        address: of a shim that runs already and shall have it too: `ttrpc+unix:///path`; "" to start one.
        version: of that shim's Task service.
        labels: names of the handlers and the like, for logs.
    """

    bundle: Bundle
    runtime: str
    rootfs: tuple[Mount, ...] = ()
    streams: Streams = Streams()
    checkpoint: str = ""
    options: Any | None = None
    sandbox: str = ""
    address: str = ""
    version: int = 0


class Execution(Record):
    """A further process to be added. spec: an Any with the JSON of an OCI process."""

    exec_id: str
    spec: Any
    streams: Streams = Streams()


class ProcessState(Record):
    """A process as its shim tells it."""

    exec_id: str
    pid: int
    status: Status
    streams: Streams = Streams()
    exit_status: int = 0
    exited_at: int = 0


class Exit(Record):
    """How a process ended. status: 0 to 255; 128 and the number of the signal that killed it."""

    pid: int
    status: int
    at: int


class Member(Record):
    """A process in a container's cgroup. info: what the runtime tells of it, in a message of its own."""

    pid: int
    info: Any | None = None


class Update(Record):
    """resources: an Any with the JSON of OCI's resources."""

    resources: Any | None
    annotations: Mapping[str, str]
