"""`Snapshots` of one snapshotter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.snapshots.v1 import snapshots_pb2 as messages
from tiffin.api.containerd.services.snapshots.v1.snapshots_services import SNAPSHOTS

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Mapping

    from tiffin.api.containerd.types.mount_pb2 import Mount
    from tiffin.manager.client.session import Session


class Snapshots:
    """snapshotter: `overlayfs`, `native`, or what the manager has beside."""

    def __init__(self, session: Session, snapshotter: str) -> None:
        self._session = session
        self.snapshotter = snapshotter

    async def list(self, filters: Iterable[str] = ()) -> builtins.list[messages.Info]:
        """All, or those that match one of the filters."""
        request = messages.ListSnapshotsRequest(snapshotter=self.snapshotter, filters=filters)
        answers = self._session.tell(SNAPSHOTS, "List", request)
        return [info async for answer in answers for info in answer.info]

    async def prepare(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> builtins.list[Mount]:
        """A new one to be written; how to mount it. Raises AlreadyExists, NotFound (the parent), InvalidArgument."""
        request = messages.PrepareSnapshotRequest(
            snapshotter=self.snapshotter, key=key, parent=parent, labels=labels or {}
        )
        return list((await self._session.ask(SNAPSHOTS, "Prepare", request)).mounts)

    async def view(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> builtins.list[Mount]:
        """A new one to be read. Raises as `prepare`."""
        request = messages.ViewSnapshotRequest(
            snapshotter=self.snapshotter, key=key, parent=parent, labels=labels or {}
        )
        return list((await self._session.ask(SNAPSHOTS, "View", request)).mounts)

    async def mounts(self, key: str) -> builtins.list[Mount]:
        """How to mount one that is no committed one. Raises NotFound."""
        request = messages.MountsRequest(snapshotter=self.snapshotter, key=key)
        return list((await self._session.ask(SNAPSHOTS, "Mounts", request)).mounts)

    async def commit(self, name: str, key: str, *, labels: Mapping[str, str] | None = None) -> None:
        """Makes one that was written a parent for others. Raises NotFound, AlreadyExists, FailedPrecondition."""
        request = messages.CommitSnapshotRequest(
            snapshotter=self.snapshotter, name=name, key=key, labels=labels or {}
        )
        await self._session.ask(SNAPSHOTS, "Commit", request)

    async def stat(self, key: str) -> messages.Info:
        """Raises NotFound."""
        request = messages.StatSnapshotRequest(snapshotter=self.snapshotter, key=key)
        info: messages.Info = (await self._session.ask(SNAPSHOTS, "Stat", request)).info
        return info

    async def usage(self, key: str) -> messages.UsageResponse:
        """What it takes of the disk, without its parents. Raises NotFound."""
        request = messages.UsageRequest(snapshotter=self.snapshotter, key=key)
        usage: messages.UsageResponse = await self._session.ask(SNAPSHOTS, "Usage", request)
        return usage

    async def remove(self, key: str) -> None:
        """Raises NotFound, and FailedPrecondition while it has children."""
        request = messages.RemoveSnapshotRequest(snapshotter=self.snapshotter, key=key)
        await self._session.ask(SNAPSHOTS, "Remove", request)
