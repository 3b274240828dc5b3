"""delete: removes what a container holds, also if a command was killed half-way. `front/delete.c` does the simple case.

Order: processes, cgroups, resctrl group, state directory, poststop hooks. A delete that is killed can be repeated.
"""

from __future__ import annotations

import time

from ..errors import FailedPrecondition, NotFound, OperationFailed
from ..state.directory import StateDirectory
from ..state.status import CREATED, CREATING, STOPPED
from .hooks import run_hooks_tolerantly
from .kill import kill_all
from .loaded import LoadedContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state.container_state import ContainerState
    from ..state.lock import Lock
    from .settings import Settings

PATIENCE = 10.0  # seconds for a killed init to end, and for another command to let go of the lock
INTERVAL = 0.01


def delete(settings: Settings, identifier: str, *, force: bool = False, stop: int = -1) -> None:
    """Deletes a container.

    Args:
        force: kill it if it runs; one that does not exist, or is half-made or damaged, is no error.
        stop: a descriptor that becomes readable when hooks are not to be waited for any longer; -1 for none.

    Raises:
        NotFound: no such container. FailedPrecondition: it runs, or another command works on it.
        OperationFailed: its init did not end, or a cgroup could not be removed.
    """
    directory = StateDirectory(settings.root, identifier)
    try:
        if not force and directory.has_state():  # at once, though another command may hold the lock
            _refuse_living(LoadedContainer(settings.root, identifier))
        with _patient_lock(directory):
            _delete_locked(settings, directory, force=force, stop=stop)
    except NotFound:
        if not force:
            raise


def delete_ended(settings: Settings, state: ContainerState) -> None:
    """Deletes a container whose init the caller has reaped, and with whose pid namespace all others ended.

    Args:
        state: as it was when it was made. If somebody has deleted it meanwhile, that is fine.

    Raises:
        OperationFailed: a cgroup could not be removed.
    """
    directory = StateDirectory(settings.root, state.id)
    try:
        with _patient_lock(directory):
            container = LoadedContainer(settings.root, state.id)
            if (container.state.pid, container.state.start_time) == (state.pid, state.start_time):
                destroy(settings, container)
    except NotFound:
        return


def _delete_locked(settings: Settings, directory: StateDirectory, *, force: bool, stop: int) -> None:
    """What there is may have changed while we waited for the lock."""
    try:
        container = LoadedContainer(settings.root, directory.identifier)
    except NotFound:
        directory.remove()  # of a create that was killed before it wrote the state: it had made nothing else by then
        raise
    except FailedPrecondition:
        if not force:
            raise
        directory.remove()
        return
    if not force:
        _refuse_living(container)
    if force or container.status() != STOPPED or container.state.shared_pids:
        kill_all(container)
        wait_for_end(container)
    destroy(settings, container, stop=stop)


def _refuse_living(container: LoadedContainer) -> None:
    status = container.status()
    if status not in {STOPPED, CREATED, CREATING}:
        raise FailedPrecondition(
            f"cannot delete container {container.identifier} that is not stopped: {status}"
        )


def destroy(settings: Settings, container: LoadedContainer, *, stop: int = -1) -> None:
    """Removes all that is left of a container whose processes are dead.

    The directory goes after what it tells of: a delete that fails, or is killed, can be repeated.
    """
    state = container.state
    config = container.config() if state.hooks else {}
    container.manager().remove()
    if state.resctrl:
        from ..cgroup.resctrl import remove_group

        remove_group(state.resctrl)
    container.directory.remove()
    if config:
        run_hooks_tolerantly(config, "poststop", state, STOPPED, settings.log, stop=stop)


def wait_for_end(container: LoadedContainer) -> None:
    """Waits until init has ended.

    Raises:
        OperationFailed: it still runs after ten seconds; it is stuck in the kernel.
    """
    deadline = time.monotonic() + PATIENCE
    while container.has_init():
        if time.monotonic() > deadline:
            raise OperationFailed("container init still running")
        time.sleep(INTERVAL)  # a pidfd needs `select`, and an init that was killed ends at once


def _patient_lock(directory: StateDirectory) -> Lock:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return directory.lock(wait=False)
        except FailedPrecondition:
            if time.monotonic() > deadline:
                raise
            time.sleep(INTERVAL)
