"""Sockets that were there before us: sd_listen_fds(3).

A unit names them by FileDescriptorName: `grpc`, `ttrpc`, `debug`, `tcp`. One with another name (systemd's default is
that of the unit) is known by its address: one of IP is `tcp`, a path that ends with .ttrpc is `ttrpc`, any other is
`grpc`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping

from tiffin.runtime.errors import InvalidArgument

FIRST = 3
NAMES = ("grpc", "ttrpc", "debug", "tcp")
VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def inherited(environment: MutableMapping[str, str]) -> dict[str, socket.socket]:
    """The sockets that this process was started with, by what they are for; the variables go from the environment.

    Raises:
        InvalidArgument: a descriptor that is no listening socket, or two for one thing.
    """
    pid, count, names = (environment.pop(name, "") for name in VARIABLES)
    if pid != str(os.getpid()) or not count.isdecimal():
        return {}
    told = names.split(":") if names else []
    found: dict[str, socket.socket] = {}
    for index in range(int(count)):
        listening = _listening(FIRST + index)
        name = told[index] if index < len(told) else ""
        name = name if name in NAMES else _guessed(listening)
        if name in found:
            raise InvalidArgument(f"LISTEN_FDS: descriptor {FIRST + index} is a second socket for {name}")
        found[name] = listening
    return found


def _listening(descriptor: int) -> socket.socket:
    try:
        listening = socket.socket(fileno=descriptor)
    except OSError as error:
        raise InvalidArgument(f"LISTEN_FDS: descriptor {descriptor} is no socket: {error.strerror}") from None
    if not listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise InvalidArgument(f"LISTEN_FDS: descriptor {descriptor} does not listen")
    listening.set_inheritable(False)
    listening.setblocking(False)
    return listening


def _guessed(listening: socket.socket) -> str:
    if listening.family != socket.AF_UNIX:
        return "tcp"
    return "ttrpc" if str(listening.getsockname()).endswith(".ttrpc") else "grpc"
