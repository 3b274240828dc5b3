"""The service `snapshots`: file trees made from each other, by the snapshotter that the client names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.events import snapshot_pb2 as events
from tiffin.api.containerd.services.snapshots.v1 import snapshots_pb2 as api
from tiffin.api.containerd.services.snapshots.v1.snapshots_services import SNAPSHOTS
from tiffin.image.errors import AlreadyExists, InvalidArgument, NotFound
from tiffin.image.snapshots.protocol import Kind
from tiffin.manager.filters.adaptors import snapshot_fields
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.limits import parts
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.conversion import mount_messages, timestamp
from tiffin.manager.services.masks import label_change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiffin.image.snapshots.protocol import SnapshotInfo, Snapshotter
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.services.ports import Publish

TARGET = "containerd.io/snapshot.ref"  # what a snapshot will become: it is not made if that is there
KINDS = {Kind.VIEW: api.VIEW, Kind.ACTIVE: api.ACTIVE, Kind.COMMITTED: api.COMMITTED}
SLOW = ("Prepare", "Commit", "Remove", "Usage", "Cleanup")


def service(stores: Stores, publish: Publish) -> Offer:
    """The service."""
    made = _Snapshots(stores, publish)
    return Offer(
        SNAPSHOTS,
        {
            "Prepare": made.prepare,
            "View": made.view,
            "Mounts": made.mounts,
            "Commit": made.commit,
            "Remove": made.remove,
            "Stat": made.stat,
            "Update": made.update,
            "List": made.list_all,
            "Usage": made.usage,
            "Cleanup": made.cleanup,
        },
        slow=SLOW,
    )


class _Snapshots:
    def __init__(self, stores: Stores, publish: Publish) -> None:
        self._stores = stores
        self._publish = publish

    def prepare(self, request: api.PrepareSnapshotRequest, call: Call) -> api.PrepareSnapshotResponse:
        snapshotter, labels = self._named(request.snapshotter, call), dict(request.labels)
        _refuse_target(snapshotter, labels)
        mounts = snapshotter.prepare(request.key, request.parent, labels=labels)
        event = events.SnapshotPrepare(
            key=request.key, parent=request.parent, snapshotter=request.snapshotter
        )
        self._publish(call.namespace, "/snapshot/prepare", event)
        return api.PrepareSnapshotResponse(mounts=mount_messages(mounts))

    def view(self, request: api.ViewSnapshotRequest, call: Call) -> api.ViewSnapshotResponse:
        snapshotter, labels = self._named(request.snapshotter, call), dict(request.labels)
        _refuse_target(snapshotter, labels)
        mounts = snapshotter.view(request.key, request.parent, labels=labels)
        return api.ViewSnapshotResponse(mounts=mount_messages(mounts))

    def mounts(self, request: api.MountsRequest, call: Call) -> api.MountsResponse:
        found = self._named(request.snapshotter, call).mounts(request.key)
        return api.MountsResponse(mounts=mount_messages(found))

    def commit(self, request: api.CommitSnapshotRequest, call: Call) -> Empty:
        snapshotter = self._named(request.snapshotter, call)
        snapshotter.commit(request.name, request.key, labels=dict(request.labels))
        event = events.SnapshotCommit(key=request.key, name=request.name, snapshotter=request.snapshotter)
        self._publish(call.namespace, "/snapshot/commit", event)
        return Empty()

    def remove(self, request: api.RemoveSnapshotRequest, call: Call) -> Empty:
        self._named(request.snapshotter, call).remove(request.key)
        event = events.SnapshotRemove(key=request.key, snapshotter=request.snapshotter)
        self._publish(call.namespace, "/snapshot/remove", event)
        return Empty()

    def stat(self, request: api.StatSnapshotRequest, call: Call) -> api.StatSnapshotResponse:
        return api.StatSnapshotResponse(
            info=_message(self._named(request.snapshotter, call).stat(request.key))
        )

    def update(self, request: api.UpdateSnapshotRequest, call: Call) -> api.UpdateSnapshotResponse:
        snapshotter, key = self._named(request.snapshotter, call), request.info.name
        if not key:
            raise InvalidArgument("a snapshot needs a key")
        change = label_change(request.update_mask.paths, request.info.labels, f"snapshot {key!r}")
        after = snapshotter.update(key, change.labels, replace=change.replace)
        return api.UpdateSnapshotResponse(info=_message(after))

    def list_all(self, request: api.ListSnapshotsRequest, call: Call) -> Iterator[api.ListSnapshotsResponse]:
        wanted = parse(request.filters)
        found = wanted.select(self._named(request.snapshotter, call).walk(), snapshot_fields)
        for part in parts(found):
            yield api.ListSnapshotsResponse(info=map(_message, part))

    def usage(self, request: api.UsageRequest, call: Call) -> api.UsageResponse:
        found = self._named(request.snapshotter, call).usage(request.key)
        return api.UsageResponse(size=found.size, inodes=found.inodes)

    def cleanup(self, request: api.CleanupRequest, call: Call) -> Empty:
        self._named(request.snapshotter, call).cleanup()
        return Empty()

    def _named(self, name: str, call: Call) -> Snapshotter:
        return self._stores.snapshotter(name, call.scope)


def _refuse_target(snapshotter: Snapshotter, labels: Mapping[str, str]) -> None:
    """Raises AlreadyExists if what shall be unpacked is there."""
    target = labels.get(TARGET)
    if not target:
        return
    try:
        snapshotter.stat(target)
    except NotFound:
        return
    raise AlreadyExists(f"target snapshot {target!r}")


def _message(info: SnapshotInfo) -> api.Info:
    return api.Info(
        name=info.key,
        parent=info.parent,
        kind=KINDS[info.kind],
        created_at=timestamp(info.created),
        updated_at=timestamp(info.updated),
        labels=info.labels,
    )
