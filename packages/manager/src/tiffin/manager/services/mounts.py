"""The service `mounts`: mounts by name, for clients whose snapshotters give what a kernel cannot mount as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.services.mounts.v1 import mounts_pb2 as api
from tiffin.api.containerd.services.mounts.v1.mounts_services import MOUNTS
from tiffin.api.containerd.types.mount_pb2 import ActivationInfo
from tiffin.api.containerd.types.mount_pb2 import ActiveMount as ActiveMessage
from tiffin.api.containerd.types.mount_pb2 import Mount as MountMessage
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.tasks.messages import mounts_of
from tiffin.runtime.errors import InvalidArgument
from tiffin.shim.events.messages import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.manager.filters.filter import Field
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.mounts.activation import Activation
    from tiffin.manager.mounts.manager import Mounts
    from tiffin.shim.events.values import Mount


def service(mounts: Mounts) -> Offer:
    """What a server registers."""
    made = _Mounts(mounts)
    return Offer(
        MOUNTS,
        {
            "Activate": made.activate,
            "Deactivate": made.deactivate,
            "Info": made.info,
            "Update": made.update,
            "List": made.list_all,
        },
        slow=["Activate", "Deactivate"],
    )


class _Mounts:
    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts

    def activate(self, request: api.ActivateRequest, call: Call) -> api.ActivateResponse:
        made = self._mounts.activate(
            call.namespace,
            request.name,
            mounts_of(request.mounts),
            labels=dict(request.labels),
            temporary=request.temporary,
            lease=call.lease,
        )
        return api.ActivateResponse(info=_message(made))

    def deactivate(self, request: api.DeactivateRequest, call: Call) -> Empty:
        self._mounts.deactivate(call.namespace, request.name)
        return Empty()

    def info(self, request: api.InfoRequest, call: Call) -> api.InfoResponse:
        return api.InfoResponse(info=_message(self._mounts.info(call.namespace, request.name)))

    def update(self, request: api.UpdateRequest, call: Call) -> api.UpdateResponse:
        """Labels, all or single ones; nothing else can be changed."""
        paths = list(request.update_mask.paths) or ["labels"]
        labels = dict(self._mounts.info(call.namespace, request.info.name).labels)
        for path in paths:
            top, _, key = path.partition(".")
            if top != "labels":
                raise InvalidArgument(f"{path!r} of mounts cannot be changed")
            if not key:
                labels = dict(request.info.labels)
            elif key in request.info.labels:
                labels[key] = request.info.labels[key]
            else:
                labels.pop(key, None)
        changed = self._mounts.update(call.namespace, request.info.name, labels)
        return api.UpdateResponse(info=_message(changed))

    def list_all(self, request: api.ListRequest, call: Call) -> Iterator[api.ListMessage]:
        """Those that match, by `name` and `labels.*`."""
        wanted = parse(request.filters)
        for found in wanted.select(self._mounts.list(call.namespace), _fields):
            yield api.ListMessage(info=_message(found))


def _fields(found: Activation) -> Field:
    return lambda path: (
        found.labels.get(".".join(path[1:])) if path[0] == "labels" else {"name": found.name}.get(path[0])
    )


def _message(found: Activation) -> ActivationInfo:
    return ActivationInfo(
        name=found.name,
        active=[
            ActiveMessage(mount=_mount(each.mount), mounted_at=timestamp(each.at), mount_point=each.point)
            for each in found.active
        ],
        system=map(_mount, found.system),
        labels=found.labels,
    )


def _mount(mount: Mount) -> MountMessage:
    return MountMessage(type=mount.type, source=mount.source, target=mount.target, options=mount.options)
