"""What makes the plugins around the store. Each imports what it needs: what is disabled costs nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tiffin.manager.plugins.kinds import METADATA, MOUNTS, SNAPSHOTTER, STORE
from tiffin.manager.plugins.plugin import Skipped

if TYPE_CHECKING:
    from tiffin.image.store.store import Store
    from tiffin.manager.collection.collector import Collector
    from tiffin.manager.events.exchange import Exchange
    from tiffin.manager.metadata.stores import SnapshotterOf, Stores
    from tiffin.manager.plugins.context import Context
    from tiffin.manager.plugins.kinds import ContentOf


def store(context: Context) -> Store:
    """The store of tiffin.image; its database is opened, so that damage is told at the start."""
    from tiffin.image.store.store import Store

    made = Store(context.config.root)
    context.exit.callback(made.database.close)
    context.export("root", made.root)
    return made


def content(context: Context) -> ContentOf:
    """Blobs, of any namespace."""
    made = context.get(STORE)
    context.export("root", f"{made.root}/content")
    return lambda scope: made.within(scope).content


def overlayfs(context: Context) -> SnapshotterOf:
    """Trees of overlays, where this host can mount them on this disk."""
    from tiffin.image.store.overlay_probe import can_mount_overlays

    root = context.get(STORE).root
    if not can_mount_overlays(root):
        raise Skipped(f"overlays cannot be mounted on {root!r}")
    return _named(context, "overlayfs")


def native(context: Context) -> SnapshotterOf:
    """Trees that are copies."""
    return _named(context, "native")


def _named(context: Context, name: str) -> SnapshotterOf:
    from tiffin.image.store.snapshotter import named_snapshotter

    made = context.get(STORE)
    context.export("root", f"{made.root}/snapshotters/{name}")
    return partial(named_snapshotter, made.root, name, made.database)


def metadata(context: Context) -> Stores:
    """Everything that is known, in any namespace."""
    from tiffin.manager.metadata.stores import Stores

    isolated = context.config.plugins.metadata.content_sharing_policy == "isolated"
    return Stores(context.get(STORE), context.all(SNAPSHOTTER), isolated=isolated)


def exchange(context: Context) -> Exchange:  # noqa: ARG001  # it needs nothing
    """Events."""
    from tiffin.manager.events.exchange import Exchange

    return Exchange()


async def scheduler(context: Context) -> Collector:
    """When garbage is collected."""
    from tiffin.manager.collection.collector import Collector
    from tiffin.manager.collection.garbage import collect_garbage
    from tiffin.manager.config.duration import format_duration

    settings = context.config.plugins.scheduler
    others = [name for name, each in context.config.proxy_plugins.items() if each.type == "snapshot"]
    mounts = tuple(context.all(MOUNTS).values())
    made = Collector(partial(collect_garbage, context.get(METADATA), others, mounts), settings)
    context.surroundings.reload(lambda config: made.set(config.plugins.scheduler))
    await context.exit.enter_async_context(made.running())
    context.export("PauseThreshold", f"{settings.pause_threshold:g}")
    context.export("DeletionThreshold", str(settings.deletion_threshold))
    context.export("MutationThreshold", str(settings.mutation_threshold))
    context.export("ScheduleDelay", format_duration(settings.schedule_delay))
    return made
