"""Which calls leave garbage: what containerd's metadata store counts as mutations, and which of them as deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grpc import StatusCode

    from tiffin.manager.collection.collector import Collector
    from tiffin.manager.observability.requests import Method

SERVICES = "/containerd.services"
DELETIONS = frozenset({
    f"{SERVICES}.images.v1.Images/Delete",
    f"{SERVICES}.images.v1.Images/Update",  # the old target may have lost its only name
    f"{SERVICES}.containers.v1.Containers/Delete",
    f"{SERVICES}.leases.v1.Leases/Delete",
    f"{SERVICES}.leases.v1.Leases/DeleteResource",
    f"{SERVICES}.snapshots.v1.Snapshots/Remove",
    f"{SERVICES}.content.v1.Content/Delete",
    f"{SERVICES}.sandbox.v1.Store/Delete",
})  # fmt: skip
MUTATIONS = frozenset({
    f"{SERVICES}.images.v1.Images/Create",
    f"{SERVICES}.containers.v1.Containers/Create",
    f"{SERVICES}.containers.v1.Containers/Update",
    f"{SERVICES}.leases.v1.Leases/Create",
    f"{SERVICES}.leases.v1.Leases/AddResource",
    f"{SERVICES}.snapshots.v1.Snapshots/Prepare",
    f"{SERVICES}.snapshots.v1.Snapshots/View",
    f"{SERVICES}.snapshots.v1.Snapshots/Commit",
    f"{SERVICES}.snapshots.v1.Snapshots/Update",
    f"{SERVICES}.content.v1.Content/Write",
    f"{SERVICES}.content.v1.Content/Update",
    f"{SERVICES}.diff.v1.Diff/Diff",
    f"{SERVICES}.transfer.v1.Transfer/Transfer",
})  # fmt: skip


class Effects:
    """Tells a collector of calls: an `Observer` of `Requests`."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def started(self, method: Method) -> None:
        """Nothing has changed yet."""

    def ended(self, method: Method, code: StatusCode, seconds: float) -> None:  # noqa: ARG002  # Observer's
        """What failed may have changed something before: a stream that was given up."""
        if method.path in DELETIONS:
            self._collector.mutated(deletion=True)
        elif method.path in MUTATIONS:
            self._collector.mutated()
