"""pause and resume: freezes and thaws a container's cgroup."""

from __future__ import annotations

from ..errors import FailedPrecondition
from ..state.status import CREATED, PAUSED, RUNNING
from .loaded import LoadedContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import Settings


def pause(settings: Settings, identifier: str) -> None:
    """Freezes every process; returns when they are frozen.

    Raises:
        NotFound: no such container. FailedPrecondition: it neither runs nor waits for its start.
    """
    container = LoadedContainer(settings.root, identifier)
    with container.directory.lock():
        if container.status() not in {RUNNING, CREATED}:
            raise FailedPrecondition("container not running")
        container.manager().freeze()


def resume(settings: Settings, identifier: str) -> None:
    """Lets a paused container run on.

    Raises:
        NotFound: no such container. FailedPrecondition: it is not paused.
    """
    container = LoadedContainer(settings.root, identifier)
    with container.directory.lock():
        if container.status() != PAUSED:
            raise FailedPrecondition("container not paused")
        container.manager().thaw()
