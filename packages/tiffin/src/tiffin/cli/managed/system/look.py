"""`look`: asks a manager for all that a namespace stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_services import CONTENT as CONTENT_SERVICE
from tiffin.api.containerd.services.introspection.v1 import introspection_pb2 as introspection
from tiffin.api.containerd.services.introspection.v1.introspection_services import INTROSPECTION
from tiffin.cli.managed.system.stored import CONTENT, PINNED, ROOT, Item, Key, Name, Stored, referred
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from tiffin.api.containerd.services.snapshots.v1.snapshots_pb2 import Info as SnapshotInfo
    from tiffin.manager.client.client import Client
    from tiffin.manager.client.snapshots import Snapshots

SNAPSHOTTERS = "type==io.containerd.snapshotter.v1"


async def look(client: Client) -> Stored:
    """What there is now; what comes or goes meanwhile may be in it or not."""
    containers = [each.record for each in await client.containers.list()]
    used = {each.image for each in containers}
    names = tuple(
        Name(
            image.name,
            image.target.digest,
            referred(image.labels),
            image.name in used,
            image.labels.get(PINNED) == "pinned",
        )
        for image in await client.images.list()
    )
    held = {(f"snapshots/{each.snapshotter}", each.snapshot_key) for each in containers if each.snapshot_key}
    for each in containers:
        held.update(referred(each.labels))
    items = {item.key: item for item in [*await _blobs(client), *await _snapshots(client)]}
    return Stored(items, names, frozenset(held | await _leased(client)), await _ingests(client))


async def _blobs(client: Client) -> list[Item]:
    return [
        Item((CONTENT, info.digest), info.size, referred(info.labels), ROOT in info.labels)
        for info in await client.content.list()
    ]


async def _snapshots(client: Client) -> list[Item]:
    request = introspection.PluginsRequest(filters=[SNAPSHOTTERS])
    answer = await client.session.ask(INTROSPECTION, "Plugins", request)
    found = []
    for plugin in answer.plugins:
        if plugin.HasField("init_err"):  # it was not started: there is no overlayfs here, for example
            continue
        of = client.snapshots(plugin.id)
        found += [item for info in await of.list() if (item := await _snapshot(of, info)) is not None]
    return found


async def _snapshot(of: Snapshots, info: SnapshotInfo) -> Item | None:
    kind = f"snapshots/{of.snapshotter}"
    try:
        size = (await of.usage(info.name)).size
    except NotFound:  # it went meanwhile
        return None
    above: tuple[Key, ...] = ((kind, info.parent),) if info.parent else ()
    return Item((kind, info.name), size, (*above, *referred(info.labels)), ROOT in info.labels)


async def _leased(client: Client) -> set[Key]:
    found: set[Key] = set()
    for lease in await client.leases.list():
        try:
            found.update((each.type, each.id) for each in await client.leases.resources(lease.id))
        except NotFound:  # its time is over
            continue
    return found


async def _ingests(client: Client) -> tuple[int, ...]:
    request = content.ListStatusesRequest()
    answer = await client.session.ask(CONTENT_SERVICE, "ListStatuses", request)
    return tuple(status.offset for status in answer.statuses)
