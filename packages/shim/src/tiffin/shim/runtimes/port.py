"""`OciRuntime`: the port that stands for runc, crun, runsc, tiffin-runtime, or our executor in this very process.

Tasks ──► OciRuntime ──► CommandLine   one program started for each verb; `create` and `execute` by the monitor
                    └──► in process    tiffin.runtime; what it starts is the monitor's child as well

Every call may take as long as the runtime likes: it has a time limit of its own, and raises TimedOut after it has
killed what was at work. A call that is cancelled leaves nothing at work either.
"""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..monitor.client import Monitor
    from ..monitor.values import Streams
    from .options import CheckpointOptions
else:
    Protocol = object

INIT = "init"
"""What the monitor calls a container's first process."""


class Restoration(Record):
    """What a container is restored from. image, work, parent: folders, as in `CheckpointOptions`."""

    image: str
    work: str = ""
    parent: str = ""


class Creation(Record):
    """A container to make.

    bundle: an absolute path; its rootfs is mounted. streams: of its first process.
    restoration: None for a new one. A restored one runs when `create` returns: there is nothing to `start`.
    """

    bundle: str
    streams: Streams
    restoration: Restoration | None = None


class Execution(Record):
    """A further process of a container.

    name: what the monitor calls it. process: the OCI `process` object, as JSON; its `terminal` is that of the streams.
    """

    name: str
    process: bytes
    streams: Streams


class ContainerState(Record):
    """What the runtime knows. status: one of runtime-spec's texts, or `paused`. pid: 0 if there is no process.

    bundle: the path that it was made from; "" where the runtime does not tell.
    """

    status: str
    pid: int = 0
    bundle: str = ""


class OciRuntime(Protocol):
    """An OCI runtime with its options. All methods raise the classes of `tiffin.runtime.errors`:

    NotFound: no such container. TimedOut: it took too long, and was killed; the text tells the verb.
    OperationFailed: it failed, with what it said. Unavailable: the monitor is gone. Unsupported: it cannot do that.
    """

    @property
    def host_processes(self) -> bool:
        """Whether what runs in its containers are processes of this kernel, so that signals and cgroups reach them."""

    async def create(self, monitor: Monitor, identifier: str, creation: Creation) -> int:
        """Makes a container, whose first process is the monitor's child `INIT`; returns its pid.

        After an error nothing of it is left in the monitor; the caller calls `delete` by force for the rest.
        Raises AlreadyExists if the runtime knows the identifier.
        """

    async def execute(self, monitor: Monitor, identifier: str, execution: Execution) -> int:
        """Runs a further process, the monitor's child `execution.name`; returns its pid."""

    async def start(self, identifier: str) -> None:
        """Lets the first process of a created container run."""

    async def kill(self, identifier: str, signal: int, *, everything: bool = False) -> None:
        """Sends a signal to the first process, or to all. Raises NotFound if there is no process any more."""

    async def delete(self, identifier: str, *, force: bool = False) -> None:
        """Removes it; `force` kills it first, and does not mind if it is gone (else NotFound)."""

    async def pause(self, identifier: str) -> None:
        """Freezes all its processes."""

    async def resume(self, identifier: str) -> None:
        """Lets them run on."""

    async def update(self, identifier: str, resources: bytes) -> None:
        """Changes its limits. resources: the OCI `linux.resources` object, as JSON."""

    async def pids(self, identifier: str) -> list[int]:
        """Its processes."""

    async def checkpoint(self, identifier: str, options: CheckpointOptions) -> None:
        """Writes it to disk."""

    async def state(self, identifier: str) -> ContainerState:
        """What the runtime knows of it."""

    async def settle(self, identifier: str) -> None:
        """Returns when nothing works on the container any more that a killed predecessor of this process has started.

        Called once, before anything else, when a container is taken back.
        """
