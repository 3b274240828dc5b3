"""What is forked off a template becomes the process that asked: its words, environment, directory and descriptors."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from tiffin.runtime.errors import InvalidArgument

from ..main import run
from ..start import Worker
from .wire import ACCEPTED, DESCRIPTORS, LENGTH_SIZE, MOST, decode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from .wire import Work

FAILURE = 1
CHUNK = 64 << 10


def work(connection: socket.socket, own: Sequence[socket.socket]) -> NoReturn:
    """Does what is asked on a connection, tells its exit code, and leaves, or goes on as the shim.

    One that fails in an unknown way tells nothing: then the asker does the work itself, and shows what is wrong.

    Args:
        own: the template's other sockets.
    """
    code = FAILURE
    try:
        for each in own:
            each.close()
        connection.sendall(ACCEPTED)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        asked, descriptors = _receive(connection)
        connection.settimeout(None)
        _become(asked, descriptors)
        code = run(asked.words, Worker(asked.parent, lambda code: connection.sendall(bytes([code]))))
        connection.sendall(bytes([code]))
    finally:
        os._exit(code)


def _receive(connection: socket.socket) -> tuple[Work, list[int]]:
    """Raises OSError: it takes too long; InvalidArgument: that is no request."""
    data, descriptors, _, _ = socket.recv_fds(connection, CHUNK, DESCRIPTORS)
    while len(data) < LENGTH_SIZE or len(data) < LENGTH_SIZE + int.from_bytes(data[:LENGTH_SIZE], "little"):
        part = connection.recv(CHUNK)
        if not part or len(data) > MOST:
            raise InvalidArgument("a request that is not whole")
        data += part
    if len(descriptors) != DESCRIPTORS:
        raise InvalidArgument("a request without its descriptors")
    return decode(data[LENGTH_SIZE:]), descriptors


def _become(asked: Work, descriptors: list[int]) -> None:
    *streams, directory = descriptors
    for target, descriptor in enumerate(streams):
        os.dup2(descriptor, target)
    os.fchdir(directory)
    for descriptor in descriptors:
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked.environment)
    sys.argv[1:] = asked.words
