"""The debug socket: HTTP on a unix socket, in threads of its own, so that it answers when the event loop is stuck.

    curl --unix-socket /run/tiffind/debug.sock http://tiffind/debug/tasks

`ctr pprof --debug-socket SOCKET goroutines` works too: it gets the stacks.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING

from tiffin.manager.daemon.socket_file import SocketFile
from tiffin.manager.observability.objects import objects
from tiffin.manager.observability.stacks import tasks, threads

if TYPE_CHECKING:
    from tiffin.manager.config.settings import Debug

Pages = dict[str, Callable[[], str]]
PATIENCE = 10.0  # seconds that a client may take for its request


@contextmanager
def serving_debug(
    settings: Debug, inherited: socket.socket | None, loop: asyncio.AbstractEventLoop
) -> Iterator[None]:
    """Until the end of the block. loop: whose tasks are told. Raises Unavailable, OSError: it cannot listen."""
    pages: Pages = {
        "/debug/stacks": threads,
        "/debug/tasks": lambda: tasks(loop),
        "/debug/objects": objects,
        "/debug/pprof/goroutine": lambda: f"{threads()}\n{tasks(loop)}",
    }
    with ExitStack() as stack:
        if inherited is None:
            file = SocketFile(settings.address, settings.uid, settings.gid)
            stack.callback(file.close)
            inherited = file.listen()
        server = stack.enter_context(_Server(inherited, pages))
        thread = threading.Thread(target=server.serve_forever, name="tiffin-debug", daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        yield


class _Server(ThreadingMixIn, HTTPServer):
    """On a socket that listens already."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, listening: socket.socket, pages: Pages) -> None:
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        listening.setblocking(True)
        self.socket = listening
        self.pages = pages


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE

    def do_GET(self) -> None:  # the library's name
        """Answers with a page."""
        page = self.server.pages.get(self.path.partition("?")[0])
        status = HTTPStatus.OK if page else HTTPStatus.NOT_FOUND
        text = page() if page else "".join(f"{path}\n" for path in self.server.pages)
        body = text.encode("utf-8", "backslashreplace")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Says nothing: a unix socket's clients have no address to tell."""
