"""kill: a signal to a container's init by pidfd, or to all of its processes. `front/kill.c` does the simple case."""

from __future__ import annotations

import _signal
import errno
import posix
from _signal import pidfd_send_signal

from ..errors import FailedPrecondition, InvalidArgument, OperationFailed
from ..launch.failure import reason_of
from .loaded import LoadedContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import Settings

SIGTERM = 15
SIGKILL = 9
ALIASES = {"IOT": "ABRT", "CLD": "CHLD", "POLL": "IO"}


def signal_number(text: str) -> int:
    """A signal by number, or by name with or without SIG, in any case.

    Raises:
        InvalidArgument: there is no such signal.
    """
    if text.lstrip("+-").isdigit():
        return int(text)
    name = text.upper().removeprefix("SIG")
    number = getattr(_signal, f"SIG{ALIASES.get(name, name)}", None)
    if not isinstance(number, int) or name.startswith("_"):
        raise InvalidArgument(f'unknown signal "{text}"')
    return number


def kill(settings: Settings, identifier: str, signal: int = SIGTERM, *, every: bool = False) -> None:
    """Sends a signal.

    Args:
        every: to all processes of the container; then a container that has stopped is no error.

    Raises:
        NotFound: no such container. FailedPrecondition: it does not run.
        OperationFailed: the kernel refused the signal.
    """
    container = LoadedContainer(settings.root, identifier)
    if every:
        container.manager().kill(signal)
    elif container.state.shared_pids and signal == SIGKILL:
        if not container.has_init() and not container.manager().pids():
            raise FailedPrecondition("container not running")
        kill_all(container)
    else:
        signal_init(container, signal)


def signal_init(container: LoadedContainer, signal: int) -> None:
    """Sends a signal to init, which cannot be mistaken for a later process with its pid."""
    if not container.has_init():
        raise FailedPrecondition("container not running")
    try:
        _send(container, signal)
    except ProcessLookupError:
        raise FailedPrecondition("container not running") from None
    except OSError as error:
        reason = reason_of(error.errno or 0)
        raise OperationFailed(f"unable to signal init: {reason}", errno=error.errno or 0) from error
    if signal == SIGKILL:
        thaw(container)


def _send(container: LoadedContainer, signal: int) -> None:
    try:
        descriptor = posix.pidfd_open(container.state.pid)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        posix.kill(container.state.pid, signal)  # Linux before 5.3: it was our process a moment ago
        return
    try:
        if not container.has_init():  # again: the pidfd is of whoever has the pid now
            raise ProcessLookupError
        pidfd_send_signal(descriptor, signal)
    finally:
        posix.close(descriptor)


def kill_all(container: LoadedContainer) -> None:
    """Kills init and everything that does not end with it; none there is fine.

    What is in a pid namespace of init's own ends with it. Only without one the cgroup is asked, in which others may be
    too: those of a container with the same cgroupsPath, or of the whole host where that is `/`.
    """
    if container.has_init():
        try:  # noqa: SIM105  # contextlib is not for cold modules
            signal_init(container, SIGKILL)
        except FailedPrecondition:  # it was faster
            pass
    manager = container.manager()
    if manager.version and container.state.shared_pids:
        manager.kill(SIGKILL)
    thaw(container)


def thaw(container: LoadedContainer) -> None:
    """On cgroup v1 a frozen process dies only once it is thawed."""
    manager = container.manager()
    if manager.is_frozen():
        manager.thaw()
