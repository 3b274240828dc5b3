"""`start`: containerd asks where the shim of a container listens; there is one in the end.

            bind the socket, or find that the group's shim listens
                 ├── write the file `address` into the bundle, print the address, exit
                 └── fork ──► becomes the shim: loads what it needs, serves

The child is forked and not executed: it has an interpreter already. It answers as soon as it has loaded the rest (a
template has); whoever connects earlier waits in the socket's queue.
"""

from __future__ import annotations

import posix
import sys

from tiffin.runtime.record import Record
from tiffin.runtime.state.files import write_all

from .bootstrap import answer_of, read_parameters
from .delete import FOLDER
from .group import group_of
from .log_fifo import become_logged
from .placement import join_cgroup, oom_score_after, share_core_with_none
from .serve import ShimSettings, serve
from .socket_path import listen, locked, socket_path
from .template.wire import SWITCH, template_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from .bootstrap import Parameters
    from .flags import Invocation

ADDRESS_FILE = "address"
STDOUT = 1
FIRST_OWN = 3
MOST_DESCRIPTORS = (1 << 31) - 1


class Worker(Record):
    """A process that a template has forked. parent: pid of containerd. done: tells the exit code to who waits."""

    parent: int
    done: Callable[[int], None]


def start(invocation: Invocation, environment: Mapping[str, str], worker: Worker | None = None) -> None:
    """Starts a shim, or finds the one of the container's group, and prints its address.

    Returns in the process that containerd waits for; the shim itself never returns. One that a template has forked is
    its own starter: it tells that it is done, and goes on as the shim.

    Args:
        worker: if this process is forked off a template.
    """
    bundle = posix.getcwd()
    parameters = read_parameters(invocation, environment)
    group = group_of(bundle, invocation.id)
    path = socket_path(parameters.socket_directory, parameters.grpc_address, invocation.namespace, group)
    with locked(path):
        left_behind = posix.access(path, posix.F_OK)
        listening = listen(path)
    write_address(bundle, f"unix://{path}")
    answer = answer_of(parameters, f"unix://{path}")
    if listening is None:
        write_all(STDOUT, answer)
        return
    settings = ShimSettings(
        namespace=invocation.namespace,
        id=invocation.id,
        bundle=bundle,
        containerd=parameters.grpc_address,
        events=parameters.ttrpc_address,
        socket=path,
        debug=parameters.debug,
        recovers=left_behind or posix.access(f"{bundle}/{FOLDER}", posix.F_OK),
        oom_score=oom_score_after(worker.parent if worker else posix.getppid()),
        template=_template(invocation, parameters, environment) if worker is None else "",
    )
    try:
        _begin(settings, listening, parameters, environment, worker)
    except BaseException:
        posix.unlink(path)
        raise
    write_all(STDOUT, answer)
    if worker is not None:
        worker.done(0)
        _become_shim(settings, listening)


def _template(invocation: Invocation, parameters: Parameters, environment: Mapping[str, str]) -> str:
    """The socket of the template to leave behind; "" for none: not off a shim that is elsewhere than containerd."""
    if parameters.shim_cgroup or environment.get("SCHED_CORE") or environment.get(SWITCH) == "no":
        return ""
    return template_path(invocation.address, sys.argv[0])


def _begin(
    settings: ShimSettings,
    listening: socket,
    parameters: Parameters,
    environment: Mapping[str, str],
    worker: Worker | None,
) -> None:
    """Puts this process where the shim shall be, and forks that, if it is not this process."""
    if parameters.shim_cgroup:
        join_cgroup(parameters.shim_cgroup)
    if environment.get("SCHED_CORE"):
        share_core_with_none()
    if worker is None and posix.fork() == 0:
        _become_shim(settings, listening)


def _become_shim(settings: ShimSettings, listening: socket) -> NoReturn:
    code = 1
    try:
        posix.setsid()
        descriptor = listening.detach()
        posix.closerange(FIRST_OWN, descriptor)
        posix.closerange(descriptor + 1, MOST_DESCRIPTORS)
        become_logged(settings.bundle)
        code = serve(settings, descriptor)
    finally:
        if sys.exc_info()[0] is not None:
            sys.excepthook(*sys.exc_info())  # to the log
        posix._exit(code)  # noqa: SLF001  # the function's name; nobody above us may handle what was raised


def write_address(bundle: str, address: str) -> None:
    """The file that containerd up to 1.7 finds the shim by after a restart. Atomically; /run needs no fsync."""
    temporary = f"{bundle}/.{ADDRESS_FILE}"
    descriptor = posix.open(
        temporary, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC, 0o644
    )
    try:
        write_all(descriptor, address.encode())
    finally:
        posix.close(descriptor)
    posix.rename(temporary, f"{bundle}/{ADDRESS_FILE}")
