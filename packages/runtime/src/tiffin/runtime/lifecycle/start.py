"""start: lets the process of a created container go. `front/start.c` does the same where no hook or socket waits."""

from __future__ import annotations

import errno
import fcntl
import posix

from ..errors import FailedPrecondition
from ..state.directory import FIFO, TAKEN
from ..state.status import CREATED, RUNNING, STOPPED
from .hooks import HookFailed, run_hooks
from .kill import kill_all
from .loaded import LoadedContainer
from .undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state.status import Status
    from .settings import Settings


def start(settings: Settings, identifier: str, *, notify_socket: str = "", stop: int = -1) -> None:
    """Starts a created container, and runs its poststart hooks; if one of them fails, the container is killed.

    Args:
        notify_socket: where to tell systemd when the container says that it is ready; we wait for that.
        stop: a descriptor that becomes readable when hooks are not to be waited for any longer; -1 for none.

    Raises:
        NotFound, FailedPrecondition: there is none, or it is not in the state `created`.
        HookFailed: a poststart hook failed.
    """
    container = LoadedContainer(settings.root, identifier)
    status = container.status()
    if status != CREATED:
        raise _refusal(status)
    if notify_socket:
        _start_and_notify(container, notify_socket)
    else:
        _start(container, stop)


def _start_and_notify(container: LoadedContainer, host: str) -> None:
    from .notify import NotifySocket

    socket = NotifySocket.of_container(container.directory.path, host)
    try:
        _start(container, -1)
        if socket is not None:
            socket.forward(container.state.pid)
    finally:
        if socket is not None:
            socket.close()


def _start(container: LoadedContainer, stop: int) -> None:
    let_go(container, stop)
    with Undo("start") as undo:
        undo.add(lambda: kill_all(container))
        run_poststart(container, stop)
        undo.forget()


def let_go(container: LoadedContainer, stop: int = -1) -> None:
    """One caller gets the FIFO, and writes the byte that init waits for.

    Init holds the reading end since before it said that it was ready. A start that was killed may have left the FIFO
    under its second name: then whoever locks it goes on.
    """
    directory = container.directory
    taken = directory.file(TAKEN)
    try:  # noqa: SIM105  # contextlib is not for cold modules
        posix.rename(directory.file(FIFO), taken)
    except FileNotFoundError:  # somebody was faster, who may have been killed
        pass
    try:
        descriptor = posix.open(taken, posix.O_WRONLY | posix.O_NONBLOCK | posix.O_CLOEXEC | posix.O_NOFOLLOW)
    except OSError as error:
        raise _missing(container, taken, error) from error
    try:
        _write_alone(descriptor)
        posix.unlink(taken)
        if "poststart" in container.state.hooks:
            wait_for_program(descriptor, stop)
    except BrokenPipeError as error:
        raise _missing(container, taken, error) from error
    finally:
        posix.close(descriptor)


def _write_alone(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _refusal(RUNNING) from None
    if posix.fstat(descriptor).st_nlink == 0:
        raise _refusal(RUNNING)
    posix.write(descriptor, b"\n")


def _missing(container: LoadedContainer, taken: str, error: OSError) -> Exception:
    """The error where there is no FIFO, or nobody who reads from it: the program runs, or has ended."""
    if error.errno == errno.ENOENT:
        return _refusal(RUNNING)
    if error.errno not in {errno.ENXIO, errno.EPIPE}:
        return error
    try:  # noqa: SIM105
        posix.unlink(taken)
    except FileNotFoundError:  # somebody else has seen the same
        pass
    return _refusal(RUNNING if container.has_init() else STOPPED)


def wait_for_program(fifo: int, stop: int) -> None:
    """Returns when init has become the user's program, or is dead: poststart hooks come after startContainer ones.

    Init holds the reading end until then; a pipe without one has an error to report (pipe(7), poll(2)).
    """
    import select

    poll = select.poll()
    poll.register(fifo, 0)
    if stop >= 0:
        poll.register(stop, select.POLLIN)
    poll.poll()


def run_poststart(container: LoadedContainer, stop: int = -1) -> None:
    """Runs the poststart hooks, if there are any."""
    if "poststart" in container.state.hooks:
        run_hooks(container.config(), "poststart", container.state, RUNNING, container.state.pid, stop=stop)


def _refusal(status: Status) -> FailedPrecondition:
    if status == STOPPED:
        return FailedPrecondition("cannot start a container that has stopped")
    if status == RUNNING:
        return FailedPrecondition("cannot start an already running container")
    return FailedPrecondition(f"cannot start a container in the {status} state")


__all__ = ["HookFailed", "let_go", "run_poststart", "start"]
