"""The template's own life: it listens, looks at who asks, and forks. One thread, no event loop: nothing breaks by it.

It ends when its containerd does, when nobody has asked for a minute, or when a source file has changed.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import struct
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..socket_path import SocketFile, listen, locked
from ..title import set_title
from .identity import is_alike
from .working import work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

IDLE = 60.0  # seconds
HANDSHAKE = 1.0  # seconds that an asker has for its request
CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: ucred of unix(7)
REFUSED = b"N"
TITLE = ("containerd-shim-tiffin-v2", "(template)")


def fork_template(path: str, events: str, keep: int) -> None:
    """Forks a template off this process, which has loaded everything, has one thread, and is as it was started.

    Returns in this process at once; nothing comes of it where no template can be, or where there is one.

    Args:
        path: where it listens.
        events: address of containerd's ttrpc socket; the template lives while that does.
        keep: a descriptor of this process that a template must not hold.
    """
    gc.collect()
    gc.freeze()  # else each collection would write to all that is shared
    try:
        child = os.fork()
    except OSError:  # there is no room for one more process
        return
    if child:
        os.waitpid(child, 0)
        return
    code = 1
    try:
        os.setsid()
        if os.fork():  # so that it is nobody's child, whom somebody would have to bury
            os._exit(0)
        os.close(keep)
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(null)
        os.chdir("/")
        set_title(TITLE)
        with ExitStack() as stack:
            _serve(stack, path, events)
        code = 0
    finally:
        os._exit(code)


def _serve(stack: ExitStack, path: str, events: str) -> None:
    """Raises OSError: there is no containerd, or no place for the socket."""
    alive = stack.enter_context(socket.socket(socket.AF_UNIX))
    alive.connect(events.removeprefix("unix://"))
    with locked(path):
        made = listen(path)
    if made is None:  # another shim's template was faster
        return
    stack.callback(SocketFile(path).remove)
    listening = stack.enter_context(socket.socket(fileno=made.detach()))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries what is forked
    sources = _sources()
    while True:
        readable, _, _ = select.select([listening, alive], [], [], IDLE)
        if listening not in readable:  # nobody asks any more, or containerd has ended
            return
        with listening.accept()[0] as connection:
            if sources != _sources():
                return
            _answer(connection, (listening, alive))


def _answer(connection: socket.socket, own: Sequence[socket.socket]) -> None:
    connection.settimeout(HANDSHAKE)
    pid, uid, _ = CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    )
    try:
        if uid != os.geteuid() or not is_alike(pid):
            connection.sendall(REFUSED)
            return
        if os.fork() == 0:
            work(connection, own)  # does not return: how a template ends is not this process's business
    except OSError:  # it has gone, or no process can be forked: it does the work itself
        return


def _sources() -> Mapping[str, tuple[int, int]]:
    """When each loaded module of ours was changed. An installation that is replaced must not go on as it was."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name.startswith("tiffin.") and path:
            try:
                status = os.stat(path)
            except OSError:
                found[path] = (0, 0)
            else:
                found[path] = (status.st_mtime_ns, status.st_ino)
    return found
