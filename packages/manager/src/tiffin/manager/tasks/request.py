"""What a task is made from: the container, as the store has it, and what the client asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tiffin.manager.runtimes.values import Streams
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.any_pb2 import Any

    from tiffin.shim.events.values import Mount


class Container(Record):
    """As much of a container as a task needs. spec: an Any with the JSON of OCI's config."""

    id: str
    spec: Any | None
    runtime: str
    options: Any | None = None
    snapshotter: str = ""
    snapshot: str = ""
    sandbox: str = ""


class Containers(Protocol):
    """The containers of a manager."""

    def get(self, namespace: str, identifier: str) -> Container:
        """Blocks on the database. Raises NotFound."""


class TaskRequest(Record):
    """What a client asks for.

    Args:
        container: its id.
        rootfs: mounts of its root file system.
        runtime: another runtime than the container's, "" for that.
        options: others than the container's, None for those.
        checkpoint: folder of an image to restore from.
        restore: instead of it, what fills a folder with an image; called in a thread.
        address, version: of a shim that shall have it (see `Creation`).
    """

    container: str
    rootfs: tuple[Mount, ...] = ()
    streams: Streams = Streams()
    runtime: str = ""
    options: Any | None = None
    checkpoint: str = ""
    restore: Callable[[str], None] | None = None
    address: str = ""
    version: int = 0
