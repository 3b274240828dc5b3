"""`OomWatcher`: calls back each time that a container runs out of memory; the `Watcher` of `Tasks`.

cgroup v1 counts in an eventfd that is registered with memory.oom_control, v2 makes memory.events pollable
(tiffin.runtime.cgroup.oom); either is a descriptor in the event loop.
"""

from __future__ import annotations

import asyncio
import logging

from tiffin.runtime.cgroup.paths import UNIFIED
from tiffin.runtime.errors import RuntimeFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from tiffin.runtime.cgroup.oom import OomEvents

LOG = logging.getLogger("tiffin.shim.oom")
MEMORY = "memory"


class OomWatcher:
    """Watches containers, in one event loop.

    Args:
        happened: gets the container's id, once for each event, or for all that came before anybody looked, as
            containerd's shim tells them: there may be a thousand in a second. Must not raise.
    """

    def __init__(self, happened: Callable[[str], None]) -> None:
        self._happened = happened
        self._events: dict[str, OomEvents] = {}

    def watch(self, container: str, cgroups: Mapping[str, str]) -> None:
        """Begins; a container that is watched already is watched anew.

        Args:
            cgroups: its directories by v1 controller, or `unified`. Without the memory controller nothing is watched.
        """
        self.unwatch(container)
        try:
            events = _events_of(cgroups)
        except RuntimeFailure as error:  # it has ended by now, or this kernel counts no memory
            LOG.debug("container %s: it is not watched for OOM events: %s", container, error)
            return
        except OSError as error:  # no descriptors are left: that is no reason to do without the container
            LOG.warning("container %s: it is not watched for OOM events: %s", container, error)
            return
        if events is not None:
            self._events[container] = events
            asyncio.get_running_loop().add_reader(events.fileno(), self._ready, container)

    def unwatch(self, container: str) -> None:
        """Ends it, after what has happened up to now was told; one that is not watched is fine."""
        if container in self._events:
            self._tell(container)
        events = self._events.pop(container, None)
        if events is not None:
            asyncio.get_running_loop().remove_reader(events.fileno())
            events.close()

    def close(self) -> None:
        """Ends all of it."""
        for container in tuple(self._events):
            self.unwatch(container)

    def _ready(self, container: str) -> None:
        if not self._tell(container):
            self.unwatch(container)

    def _tell(self, container: str) -> bool:
        """Tells that there were events since the last time; false if the cgroup has ended."""
        count = self._events[container].read()
        if count:
            self._happened(container)
        return count is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _events_of(cgroups: Mapping[str, str]) -> OomEvents | None:
    from tiffin.runtime.cgroup.oom import watch_v1, watch_v2

    if MEMORY in cgroups:
        return watch_v1(cgroups[MEMORY])
    return watch_v2(cgroups[UNIFIED]) if UNIFIED in cgroups else None
