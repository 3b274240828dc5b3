"""The status of a container: derived from the kernel each time, never stored, so that it cannot be wrong."""

from __future__ import annotations

import posix

from .identity import boot_id, is_alive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .container_state import ContainerState
    from .directory import StateDirectory

    Status = Literal["creating", "created", "running", "paused", "stopped"]

CREATING: Status = "creating"
CREATED: Status = "created"
RUNNING: Status = "running"
PAUSED: Status = "paused"
STOPPED: Status = "stopped"


def status_of(directory: StateDirectory, state: ContainerState) -> Status:
    """What the container does now.

    A frozen container is paused even before its start, as with runc.
    """
    if state.pid == 0:
        return CREATING
    if not has_init(state):
        return STOPPED
    if is_frozen(state):
        return PAUSED
    return CREATED if directory.has_fifo() else RUNNING


def has_init(state: ContainerState) -> bool:
    """Whether the init that the state names is this boot's, the same process, and alive."""
    return is_alive(state.pid, state.start_time) and state.boot in {"", boot_id()}


def is_frozen(state: ContainerState) -> bool:
    """Whether the container's cgroup is frozen: v1 by its freezer, else v2 by cgroup.freeze."""
    directories = dict(state.cgroups)
    if "freezer" in directories:
        return _first_word(f"{directories['freezer']}/freezer.state") in {b"FROZEN", b"FREEZING"}
    if "unified" in directories:
        return _first_word(f"{directories['unified']}/cgroup.freeze") == b"1"
    return False


def _first_word(path: str) -> bytes:
    try:
        descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:  # not made, already removed, or not ours to read: then we did not freeze it
        return b""
    try:
        return posix.read(descriptor, 64).strip()
    finally:
        posix.close(descriptor)
