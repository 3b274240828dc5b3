"""`CreateOptions`: what the caller of create and run says beside the config."""

from __future__ import annotations

from ..launch.starting import OWN_CHILDREN
from ..record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..launch.starting import Starter


class CreateOptions(Record):
    """The flags of create and run; paths are absolute.

    console_descriptor: console socket of a terminal in the foreground, -1 without.
    activated: how many of the descriptors from 3 on are sockets that systemd handed over, before `preserve_fds` more.
    notify_socket: where to tell systemd that the container is ready, "" for nowhere.
    stdio: descriptors of this process for the container's standard streams.
    starter: who starts the core, and becomes the parent of the container's process.
    stop: a descriptor that becomes readable when the container is not wanted any more; -1 for none.
    """

    bundle: str
    console_socket: str = ""
    console_descriptor: int = -1
    pidfd_socket: str = ""
    pid_file: str = ""
    no_pivot: bool = False
    no_new_keyring: bool = False
    preserve_fds: int = 0
    activated: int = 0
    notify_socket: str = ""
    stdio: tuple[int, int, int] = (0, 1, 2)
    starter: Starter = OWN_CHILDREN
    stop: int = -1
