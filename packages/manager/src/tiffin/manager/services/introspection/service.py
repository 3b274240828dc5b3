"""The service: plugins with filters, and what became of each; the daemon's uuid, pid and pid namespace.

Source: containerd's plugins/services/introspection; what `ctr plugins ls` looks for in an error is "skip plugin".
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from google.rpc.status_pb2 import Status as StatusMessage

from tiffin.api.containerd.services.introspection.v1 import introspection_pb2 as introspection
from tiffin.api.containerd.services.introspection.v1.introspection_services import INTROSPECTION
from tiffin.api.containerd.types.platform_pb2 import Platform
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.grpc_edge.statuses import status_of, text_of
from tiffin.manager.plugins.plugin import Status
from tiffin.manager.services.introspection.identity import uuid_of
from tiffin.runtime.errors import NotFound, Unsupported

if TYPE_CHECKING:
    from google.protobuf.empty_pb2 import Empty

    from tiffin.manager.filters.filter import Field
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.plugins.plugin import Started
    from tiffin.manager.plugins.plugin_set import PluginSet

SKIPPED = "skip plugin"


def service(plugins: PluginSet, root: str) -> Offer:
    """What a server registers. plugins: as they are when somebody asks. root: where the daemon's uuid is kept."""
    made = _Introspection(plugins, root)
    return Offer(
        INTROSPECTION, {"Plugins": made.plugins, "Server": made.server, "PluginInfo": made.plugin_info}
    )


class _Introspection:
    def __init__(self, plugins: PluginSet, root: str) -> None:
        self._plugins = plugins
        self._root = root

    def plugins(self, request: introspection.PluginsRequest, call: Call) -> introspection.PluginsResponse:  # noqa: ARG002
        found = parse(request.filters).select(self._plugins, _field)
        return introspection.PluginsResponse(plugins=map(_told, found))

    def server(self, request: Empty, call: Call) -> introspection.ServerResponse:  # noqa: ARG002
        return introspection.ServerResponse(
            uuid=uuid_of(self._root), pid=os.getpid(), pidns=os.stat("/proc/self/ns/pid").st_ino
        )

    async def plugin_info(
        self, request: introspection.PluginInfoRequest, call: Call
    ) -> introspection.PluginInfoResponse:
        """Of one plugin; with options where it can tell more of itself: a task manager, of a runtime."""
        found = self._plugins.find(f"{request.type}.{request.id}")
        if found is None:
            raise NotFound(f"plugin {request.type} {request.id}")
        response = introspection.PluginInfoResponse(plugin=_told(found))
        if request.HasField("options"):
            tell = getattr(found.instance, "plugin_info", None)
            if tell is None:
                raise Unsupported(f"{request.type}.{request.id} tells no more of itself")
            response.extra.CopyFrom(await tell(request.options, call))
        return response


def _field(started: Started) -> Field:
    """What filters ask for."""
    texts = {"type": started.plugin.kind.name, "id": started.plugin.identifier}

    def field(path: Sequence[str]) -> str | None:
        return texts.get(".".join(path))

    return field


def _told(started: Started) -> introspection.Plugin:
    row = started.plugin
    message = introspection.Plugin(
        type=row.kind.name,
        id=row.identifier,
        requires=[kind.name for kind in row.requires],
        platforms=[_platform(text) for text in row.platforms],
        exports=started.exports,
        capabilities=row.capabilities,
    )
    if started.error is not None:
        message.init_err.CopyFrom(_error(started, started.error))
    return message


def _error(started: Started, error: BaseException) -> StatusMessage:
    status = status_of(error)
    text = text_of(error, status)
    if started.status is Status.SKIPPED:
        text = f"{error}: {SKIPPED}"
    return StatusMessage(code=status.code.value[0], message=text)


def _platform(text: str) -> Platform:
    system, architecture, variant = (*text.split("/"), "", "")[:3]
    return Platform(os=system, architecture=architecture, variant=variant)
