"""The methods of the service `diff`. What reads and writes layers takes a megabyte, and is imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.diff.v1 import diff_pb2 as api
from tiffin.api.containerd.services.diff.v1.diff_services import DIFF
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.conversion import (
    checked_digest,
    descriptor_message,
    descriptor_value,
    mount_values,
)

if TYPE_CHECKING:
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores


def service(stores: Stores) -> Offer:
    """The service."""
    made = _Diff(stores)
    return Offer(DIFF, {"Apply": made.apply, "Diff": made.diff}, slow=["Apply", "Diff"])


class _Diff:
    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def apply(self, request: api.ApplyRequest, call: Call) -> api.ApplyResponse:
        from tiffin.manager.services.diff.apply import apply
        from tiffin.manager.services.diff.trees import checked

        layer = descriptor_value(request.diff)
        checked_digest(layer.digest)
        mounts = checked(mount_values(request.mounts))
        applied = apply(self._stores, call.scope, layer, mounts, synchronize=request.sync_fs)
        return api.ApplyResponse(applied=descriptor_message(applied))

    def diff(self, request: api.DiffRequest, call: Call) -> api.DiffResponse:
        from tiffin.manager.services.diff.compare import Wanted, compare
        from tiffin.manager.services.diff.trees import checked

        epoch = request.source_date_epoch.seconds if request.HasField("source_date_epoch") else None
        wanted = Wanted(request.media_type, request.ref, dict(request.labels), epoch)
        left, right = checked(mount_values(request.left)), checked(mount_values(request.right))
        made = compare(self._stores, call.scope, left, right, wanted)
        return api.DiffResponse(diff=descriptor_message(made))
