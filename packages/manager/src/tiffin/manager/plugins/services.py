"""What makes the plugins that serve gRPC, from the stores, the exchange and the collector."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tiffin.manager.plugins.kinds import COLLECTION, EVENTS, METADATA, MOUNTS, STREAMS

if TYPE_CHECKING:
    from tiffin.manager.grpc_edge.offer import Offer
    from tiffin.manager.plugins.context import Context
    from tiffin.manager.streaming.streams import Streams


def version(context: Context) -> Offer:  # noqa: ARG001  # it needs nothing
    """Who answers."""
    from tiffin.manager.services.version import service

    return service()


def introspection(context: Context) -> Offer:
    """Which plugins there are."""
    from tiffin.manager.services.introspection.service import service

    return service(context.plugins, context.config.root)


def namespaces(context: Context) -> Offer:
    """Namespaces."""
    from tiffin.manager.services.namespaces import service

    return service(context.get(METADATA), context.get(EVENTS).publish)


def containers(context: Context) -> Offer:
    """Containers: what tasks are made from."""
    from tiffin.manager.services.containers import service

    return service(context.get(METADATA), context.get(EVENTS).publish)


def content(context: Context) -> Offer:
    """Blobs."""
    from tiffin.manager.services.content.service import service

    return service(context.get(METADATA), context.get(EVENTS).publish)


def snapshots(context: Context) -> Offer:
    """Snapshots, of all snapshotters."""
    from tiffin.manager.services.snapshots import service

    return service(context.get(METADATA), context.get(EVENTS).publish)


def images(context: Context) -> Offer:
    """Names of images."""
    from tiffin.manager.services.images import service

    return service(context.get(METADATA), context.get(EVENTS).publish, _collecting(context))


def leases(context: Context) -> Offer:
    """Leases."""
    from tiffin.manager.services.leases import service

    return service(context.get(METADATA), _collecting(context))


def _collecting(context: Context) -> Callable[[], object]:
    """Collects for who waits: by the scheduler, or at once where that is disabled."""
    from functools import partial

    from tiffin.manager.collection.garbage import collect_garbage

    for collector in context.all(COLLECTION).values():
        return collector.collect_from_thread
    return partial(collect_garbage, context.get(METADATA), mounts=tuple(context.all(MOUNTS).values()))


def diff(context: Context) -> Offer:
    """Layers applied, and made."""
    from tiffin.manager.services.diff.service import service

    return service(context.get(METADATA))


def sandboxes(context: Context) -> Offer:
    """What is known of sandboxes."""
    from tiffin.manager.services.sandboxes import service

    return service(context.get(METADATA))


def events(context: Context) -> Offer:
    """Events, for who subscribes."""
    from tiffin.manager.services.events.service import service

    return service(context.get(EVENTS))


def streams(context: Context) -> Streams:  # noqa: ARG001  # it needs nothing
    """Streams that clients open for other calls."""
    from tiffin.manager.streaming.streams import Streams

    return Streams()


def streaming(context: Context) -> Offer:
    """Opens them."""
    from tiffin.manager.services.streaming import service

    return service(context.get(STREAMS))


def transfer(context: Context) -> Offer:
    """Images from and to registries and archives."""
    from tiffin.manager.services.transfer import service

    return service(context.get(METADATA), context.get(EVENTS).publish, context.get(STREAMS))
