"""`Peer`: the process at the other end of a unix socket, as the kernel knows it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket

_UCRED = Struct("iII")


@dataclass(frozen=True, slots=True)
class Peer:
    """Who called connect(2), at that time: it may be another process, or user, by now. Source: unix(7), SO_PEERCRED."""

    pid: int
    uid: int
    gid: int


def peer_of(connection: socket.socket | TransportSocket) -> Peer | None:
    """The credentials of the other end; None if it is not a unix socket."""
    if connection.family != socket.AF_UNIX:
        return None
    return Peer(*_UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)))


def same_user(peer: Peer | None) -> bool:
    """For `Server(authorize=...)`: only processes of our own user and group may connect."""
    return peer is not None and (peer.uid, peer.gid) == (os.geteuid(), os.getegid())
