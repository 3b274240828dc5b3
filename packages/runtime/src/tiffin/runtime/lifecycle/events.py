"""events: statistics of a container, and a notice each time that it ran out of memory."""

from __future__ import annotations

from ..errors import FailedPrecondition
from .loaded import LoadedContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .settings import Settings

NANOSECONDS_IN_MILLISECOND = 1_000_000


def statistics(settings: Settings, identifier: str) -> dict[str, Any]:
    """The statistics as runc has them under `data`.

    Raises:
        NotFound: no such container. FailedPrecondition: it does not run.
    """
    return _statistics(_running(settings, identifier))


def events(settings: Settings, identifier: str, *, interval: int) -> Iterator[dict[str, Any]]:
    """Yields statistics at each interval, and out-of-memory events at once, until the container ends.

    Args:
        interval: nanoseconds.
    """
    import select
    import time

    container = _running(settings, identifier)
    watch = container.manager().oom_events()
    try:
        poll = select.poll()
        poll.register(watch.fileno(), select.POLLIN)
        next_time = time.monotonic_ns() + interval
        while container.has_init():
            left = max(0, next_time - time.monotonic_ns())
            if poll.poll(left / NANOSECONDS_IN_MILLISECOND):
                count = watch.read()
                if count is None:
                    return
                for _ in range(count):
                    yield event("oom", identifier)
            elif container.has_init():
                next_time += interval
                yield event("stats", identifier, _statistics(container))
    finally:
        watch.close()


def event(kind: str, identifier: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """One event, as runc prints it."""
    fields: dict[str, Any] = {"type": kind, "id": identifier}
    return fields if data is None else {**fields, "data": data}


def _running(settings: Settings, identifier: str) -> LoadedContainer:
    container = LoadedContainer(settings.root, identifier)
    if container.is_stopped():
        raise FailedPrecondition(f"container with id {identifier} is not running")
    return container


def _statistics(container: LoadedContainer) -> dict[str, Any]:
    return {**container.manager().statistics(), "intel_rdt": {}, "network_interfaces": None}
