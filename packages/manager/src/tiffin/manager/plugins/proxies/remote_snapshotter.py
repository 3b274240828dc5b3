"""`RemoteSnapshotter`: the port `Snapshotter` of tiffin.image, on containerd's snapshots service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from tiffin.api.containerd.services.snapshots.v1 import snapshots_pb2 as api
from tiffin.api.containerd.services.snapshots.v1.snapshots_pb2_grpc import SnapshotsStub
from tiffin.image.errors import Unsupported
from tiffin.image.snapshots.protocol import Kind, Mount, SnapshotInfo, Usage
from tiffin.manager.plugins.proxies.channel import Connection, headers
from tiffin.manager.services.conversion import mount_values

KINDS = {api.COMMITTED: Kind.COMMITTED, api.ACTIVE: Kind.ACTIVE, api.VIEW: Kind.VIEW}


class RemoteSnapshotter:
    """The snapshots of one namespace of a daemon. Each method raises Unavailable, too: it does not answer.

    Args:
        connection: to it.
        name: which of its snapshotters.
        namespace: of the daemon's.
        lease: of the daemon's, that protects what is made.
    """

    def __init__(
        self, connection: Connection, name: str, namespace: str = "default", lease: str = ""
    ) -> None:
        self._connection = connection
        self._name = name
        self._headers = headers(namespace, lease)
        self._stub = connection.stub(SnapshotsStub)

    def prepare(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """As the protocol says."""
        request = api.PrepareSnapshotRequest(snapshotter=self._name, key=key, parent=parent, labels=labels)
        return mount_values(self._call(self._stub.Prepare, request).mounts)

    def view(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """As the protocol says."""
        request = api.ViewSnapshotRequest(snapshotter=self._name, key=key, parent=parent, labels=labels)
        return mount_values(self._call(self._stub.View, request).mounts)

    def commit(self, name: str, key: str, *, labels: Mapping[str, str] | None = None) -> None:
        """As the protocol says."""
        request = api.CommitSnapshotRequest(snapshotter=self._name, name=name, key=key, labels=labels)
        self._call(self._stub.Commit, request)

    def mounts(self, key: str) -> tuple[Mount, ...]:
        """As the protocol says."""
        request = api.MountsRequest(snapshotter=self._name, key=key)
        return mount_values(self._call(self._stub.Mounts, request).mounts)

    def remove(self, key: str) -> None:
        """As the protocol says."""
        self._call(self._stub.Remove, api.RemoveSnapshotRequest(snapshotter=self._name, key=key))

    def stat(self, key: str) -> SnapshotInfo:
        """As the protocol says."""
        request = api.StatSnapshotRequest(snapshotter=self._name, key=key)
        return _value(self._call(self._stub.Stat, request).info)

    def update(self, key: str, labels: Mapping[str, str], *, replace: bool = False) -> SnapshotInfo:
        """As the protocol says."""
        if not labels and not replace:
            return self.stat(key)  # a mask without paths would mean all labels
        paths = ["labels"] if replace else [f"labels.{name}" for name in labels]
        request = api.UpdateSnapshotRequest(
            snapshotter=self._name, info=api.Info(name=key, labels=labels), update_mask=FieldMask(paths=paths)
        )
        return _value(self._call(self._stub.Update, request).info)

    def usage(self, key: str) -> Usage:
        """As the protocol says."""
        found = self._call(self._stub.Usage, api.UsageRequest(snapshotter=self._name, key=key))
        return Usage(found.size, found.inodes)

    def walk(self) -> Iterator[SnapshotInfo]:
        """As the protocol says: also where the other side has another order."""
        return self.matching()

    def matching(self, *filters: str) -> Iterator[SnapshotInfo]:
        """Those that one of containerd's filters is true for, parents before their children; without any all."""
        request = api.ListSnapshotsRequest(snapshotter=self._name, filters=filters)
        answers = self._connection.stream(self._stub.List, request, self._headers)
        found = {info.name: _value(info) for answer in answers for info in answer.info}
        for key in found:
            yield from _with_parents(key, found)

    def cleanup(self) -> None:
        """As the protocol says, if it can."""
        try:
            self._call(self._stub.Cleanup, api.CleanupRequest(snapshotter=self._name))
        except Unsupported:  # most snapshotters remove at once
            return

    def _call(self, method: object, request: object) -> Any:
        return self._connection.call(method, request, self._headers)


def _with_parents(key: str, found: dict[str, SnapshotInfo]) -> Iterator[SnapshotInfo]:
    """One and its parents that were not told yet, the lowest first; told ones are marked by None."""
    chain: list[SnapshotInfo] = []
    while key in found and found[key] is not TOLD:
        chain.append(found[key])
        found[key], key = TOLD, found[key].parent
    yield from reversed(chain)


TOLD = SnapshotInfo("", "", Kind.VIEW, 0, 0, {})


def _value(info: api.Info) -> SnapshotInfo:
    created, updated = info.created_at.ToNanoseconds(), info.updated_at.ToNanoseconds()
    return SnapshotInfo(info.name, info.parent, KINDS[info.kind], created, updated, dict(info.labels))
