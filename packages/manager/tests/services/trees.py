"""Snapshots of a daemon, in few words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.field_mask_pb2 import FieldMask

from tiffin.api.containerd.services.snapshots.v1 import snapshots_pb2 as api
from tiffin.api.containerd.services.snapshots.v1.snapshots_pb2_grpc import SnapshotsStub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.manager.tests.services.daemons import Daemon

    from tiffin.api.containerd.types.mount_pb2 import Mount


class Snapshots:
    """One snapshotter of a daemon."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        self.name = name
        self.root = daemon.ctr.folder / "root"
        self._client = daemon.client
        self._stub = daemon.client.stub(SnapshotsStub)

    def prepare(self, key: str, parent: str = "", **labels: str) -> list[Mount]:
        asked = api.PrepareSnapshotRequest(snapshotter=self.name, key=key, parent=parent, labels=labels)
        return list(self._client.call(self._stub.Prepare, asked).mounts)

    def view(self, key: str, parent: str = "", **labels: str) -> list[Mount]:
        asked = api.ViewSnapshotRequest(snapshotter=self.name, key=key, parent=parent, labels=labels)
        return list(self._client.call(self._stub.View, asked).mounts)

    def mounts(self, key: str) -> list[Mount]:
        return list(
            self._client.call(self._stub.Mounts, api.MountsRequest(snapshotter=self.name, key=key)).mounts
        )

    def commit(self, name: str, key: str, **labels: str) -> None:
        asked = api.CommitSnapshotRequest(snapshotter=self.name, name=name, key=key, labels=labels)
        self._client.call(self._stub.Commit, asked)

    def remove(self, key: str) -> None:
        self._client.call(self._stub.Remove, api.RemoveSnapshotRequest(snapshotter=self.name, key=key))

    def stat(self, key: str) -> api.Info:
        asked = api.StatSnapshotRequest(snapshotter=self.name, key=key)
        return self._client.call(self._stub.Stat, asked).info

    def update(self, key: str, *paths: str, **labels: str) -> api.Info:
        asked = api.UpdateSnapshotRequest(
            snapshotter=self.name,
            info=api.Info(name=key, labels=labels),
            update_mask=FieldMask(paths=paths),
        )
        answer = self._client.call(self._stub.Update, asked).info
        assert answer == self.stat(key)
        return answer

    def usage(self, key: str) -> api.UsageResponse:
        return self._client.call(self._stub.Usage, api.UsageRequest(snapshotter=self.name, key=key))

    def list(self, *filters: str) -> Sequence[api.Info]:
        asked = api.ListSnapshotsRequest(snapshotter=self.name, filters=filters)
        answers = self._client.all(self._stub.List, asked)
        assert max((len(answer.info) for answer in answers), default=0) <= 100
        return [info for answer in answers for info in answer.info]

    def names(self, *filters: str) -> set[str]:
        return {info.name for info in self.list(*filters)}


def folder(mounts: list[Mount]) -> Path:
    """Where an active snapshot is written to, without mounting it."""
    (mount,) = mounts
    if mount.type == "bind":
        return Path(mount.source)
    return Path(next(text for text in mount.options if text.startswith("upperdir=")).partition("=")[2])
