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
    from collections.abc import Mapping

    from .bootstrap import Parameters
    from .flags import Invocation

ADDRESS_FILE = "address"
STDOUT = 1
FIRST_OWN = 3
MOST_DESCRIPTORS = (1 << 31) - 1


def start(invocation: Invocation, environment: Mapping[str, str], *, parent: int = 0) -> None:
    """Starts a shim, or finds the one of the container's group, and prints its address.

    Returns in the process that containerd waits for; the shim itself never returns.

    Args:
        parent: as for `main.run`.
    """
    bundle = posix.getcwd()
    parameters = read_parameters(invocation, environment)
    group = group_of(bundle, invocation.id)
    path = socket_path(parameters.socket_directory, parameters.grpc_address, invocation.namespace, group)
    with locked(path):
        left_behind = posix.access(path, posix.F_OK)
        listening = listen(path)
    write_address(bundle, f"unix://{path}")
    if listening is not None:
        shares_core = bool(environment.get("SCHED_CORE"))
        # not off a shim that is elsewhere than containerd, nor where there is one
        leaves_template = not (
            parent or parameters.shim_cgroup or shares_core or environment.get(SWITCH) == "no"
        )
        settings = ShimSettings(
            namespace=invocation.namespace,
            id=invocation.id,
            bundle=bundle,
            containerd=parameters.grpc_address,
            events=parameters.ttrpc_address,
            socket=path,
            debug=parameters.debug,
            recovers=left_behind or posix.access(f"{bundle}/{FOLDER}", posix.F_OK),
            oom_score=oom_score_after(parent or posix.getppid()),
            template=template_path(invocation.address, sys.argv[0]) if leaves_template else "",
        )
        try:
            _place(parameters, shares_core=shares_core)
            _fork(settings, listening)
        except BaseException:
            posix.unlink(path)
            raise
    write_all(STDOUT, answer_of(parameters, f"unix://{path}"))


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


def _place(parameters: Parameters, *, shares_core: bool) -> None:
    if parameters.shim_cgroup:
        join_cgroup(parameters.shim_cgroup)
    if shares_core:
        share_core_with_none()


def _fork(settings: ShimSettings, listening: socket) -> None:
    """Returns in the parent only."""
    if posix.fork():
        return
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
