"""Whether the pids that a manager tells mean the same processes here: what reads /proc of one must know.

They do not where the manager is in another pid namespace (we in a container that has its socket, or it in one),
or on another machine (TCP, a socket that is forwarded). A wrong pid is worse than none: `cp` would write to whatever
has that number here.

Source: pid_namespaces(7); SO_PEERCRED in unix(7); `pid` and `pidns` of introspection's Server (containerd 1.7 on).
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.services.introspection.v1.introspection_services import INTROSPECTION
from tiffin.cli.failure import CommandFailed

if TYPE_CHECKING:
    from tiffin.manager.client.client import Client

OWN_NAMESPACE = "/proc/self/ns/pid"
CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
PATIENCE = 10.0  # seconds for a listener's queue


async def check_pids(client: Client, address: str, instead: str) -> None:
    """Raises CommandFailed: pids of the manager are not ours.

    Args:
        address: where it was reached. instead: what the user may do where only its pids are others.
    """
    if why := await _why_foreign(client, address):
        advice = instead if address.startswith("/") else "Ask it by its unix socket, where it runs"
        raise CommandFailed(f"the pids of the manager at {address} mean nothing here: {why}. {advice}")


async def has_our_pids(client: Client, address: str) -> bool:
    """Whether its pids mean the same here."""
    return not await _why_foreign(client, address)


async def _why_foreign(client: Client, address: str) -> str:
    told = await client.session.ask(INTROSPECTION, "Server", Empty())
    return why_foreign(address, told.pid, told.pidns)


def check_root(name: str, pid: int) -> None:
    """Raises CommandFailed: a process has our own root, so no container's: a virtual machine's monitor has it."""
    with suppress(FileNotFoundError):  # it has just ended: whoever opens it says so
        if os.path.samestat(os.stat(f"/proc/{pid}/root"), os.stat("/")):
            raise CommandFailed(
                f"{name!r} has no root file system here: its pid, {pid}, is of a process of this machine, "
                f"as where a virtual machine runs it: `tiffin exec {name} tar ...`"
            )


def why_foreign(address: str, pid: int, namespace: int) -> str:
    """Why its pids are not ours; "" if they are.

    Args:
        pid: of the manager, as it says; 0: it does not. namespace: inode of its pid namespace, likewise.

    Raises:
        OSError: nobody listens at the address any more.
    """
    if not address.startswith("/"):  # the first pid namespace has the same inode on every machine
        return "it may be on another machine"
    if namespace and namespace != os.stat(OWN_NAMESPACE).st_ino:
        return "it is in another pid namespace"
    peer = peer_pid(address)
    if not peer or _is_elsewhere(peer):
        return "what listens there is in another pid namespace"
    if pid and not _is_below(pid, peer):
        return f"another process, {peer}, listens there and forwards to it"
    return ""


def peer_pid(path: str) -> int:
    """Who listens at a socket; 0: nobody in our pid namespace, or below it. Raises OSError."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    pid: int = CREDENTIALS.unpack(packed)[0]
    return pid


def _is_elsewhere(pid: int) -> bool:
    """Whether a process that has a pid here is in a namespace below ours; False if nobody may know."""
    try:
        return not os.path.samestat(os.stat(f"/proc/{pid}/ns/pid"), os.stat(OWN_NAMESPACE))
    except (FileNotFoundError, PermissionError):
        return False


def _is_below(pid: int, listener: int) -> bool:
    """Whether a process is the listener, or has got the socket from it: systemd's, by an ancestor."""
    while pid not in (0, listener):
        pid = _parent(pid)
    return pid == listener


def _parent(pid: int) -> int:
    """0 for none, and for one that is not there."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # pid (name) state ppid: the name may have any bytes
            return int(file.read().rpartition(b")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
