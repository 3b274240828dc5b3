"""Plugins of the config: `[proxy_plugins]` become rows of the table, beside those that stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tiffin.manager.plugins.kinds import CONTENT, SNAPSHOTTER, STORE
from tiffin.manager.plugins.platform import own_platform
from tiffin.manager.plugins.plugin import Plugin

if TYPE_CHECKING:
    from tiffin.image.content.protocol import ContentStore
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.image.snapshots.protocol import Snapshotter
    from tiffin.manager.config.settings import Config, ProxyPlugin
    from tiffin.manager.metadata.stores import SnapshotterOf
    from tiffin.manager.plugins.context import Context
    from tiffin.manager.plugins.kinds import ContentOf
    from tiffin.manager.plugins.proxies.channel import Connection


def proxied(config: Config) -> Iterator[Plugin[Any]]:
    """The rows. None of them connects before it is used: what it needs may start later than we."""
    for name, settings in config.proxy_plugins.items():
        platforms = (settings.platform or own_platform(),)
        if settings.type == "snapshot":
            yield Plugin(SNAPSHOTTER, name, snapshotter, (STORE,), settings.capabilities, platforms)
        else:
            yield Plugin(CONTENT, name, content, (), settings.capabilities, platforms)


def _connection(context: Context) -> Connection:
    from tiffin.manager.plugins.proxies.channel import Connection

    settings: ProxyPlugin = context.config.proxy_plugins[context.plugin.identifier]
    made = Connection(settings.address.removeprefix("unix://"))
    context.exit.callback(made.close)
    for key, value in settings.exports.items():
        context.export(key, value)
    context.export("address", settings.address)
    return made


def snapshotter(context: Context) -> SnapshotterOf:
    """Snapshots whose trees another process has."""
    from tiffin.manager.plugins.proxies.creating import Making
    from tiffin.manager.plugins.proxies.proxied_snapshotter import ProxiedSnapshotter
    from tiffin.manager.plugins.proxies.remote_snapshotter import RemoteSnapshotter

    connection, database, making = _connection(context), context.get(STORE).database, Making()
    name = context.plugin.identifier

    def of(scope: Scope) -> Snapshotter:
        remote = RemoteSnapshotter(connection, name, scope.namespace)
        return ProxiedSnapshotter(name, remote, database, scope, making)

    return of


def content(context: Context) -> ContentOf:
    """Blobs that another process has."""
    from tiffin.manager.plugins.proxies.remote_content import RemoteContentStore

    connection = _connection(context)

    def of(scope: Scope) -> ContentStore:
        return RemoteContentStore(connection, scope.namespace, scope.lease)

    return of
