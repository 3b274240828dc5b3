"""`FaultProxy`: a TCP and HTTP proxy before a server, which cuts, stalls, corrupts, duplicates, reorders and refuses.

What goes wrong stands in a list of faults; each answer of the server (to a request whose path contains `only`) takes
the next one, and when there are none left everything goes through.

    with FaultProxy("127.0.0.1:5000", [Fault(cut=1000)] * 3, only="/blobs/") as proxy: ...
"""

from __future__ import annotations

import http.client
import http.server
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

BLOCK = 64 * 1024
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "host"})


@dataclass(frozen=True)
class Fault:
    """What happens to one answer. Numbers are bytes of its body, counted from 0; None: it does not happen.

    cut: the connection is closed after so many. cut_request: so many of the request's body reach the server.
    stall: after so many nothing more comes, until the client goes away or the proxy ends.
    corrupt: that byte is another one. duplicate: the block there comes twice. reorder: it changes places with the next.
    status: the answer is this one (with `headers`), and the server is not asked.
    """

    cut: int | None = None
    cut_request: int | None = None
    stall: int | None = None
    corrupt: int | None = None
    duplicate: int | None = None
    reorder: int | None = None
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()


class FaultProxy:
    """The proxy; `address` is where it listens, `requests` what it was asked, with the headers.

    `sent` counts the bytes of all bodies that it has sent.
    """

    def __init__(self, upstream: str, faults: Iterable[Fault] = (), *, only: str = "") -> None:
        self.upstream = upstream
        self.only = only
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.sent = 0
        self.ended = threading.Event()
        self._faults = list(faults)
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.proxy = self  # type: ignore[attr-defined]  # how a handler finds it
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def left(self) -> int:
        """How many faults were not used yet."""
        return len(self._faults)

    def next_fault(self, method: str, path: str, headers: dict[str, str]) -> Fault:
        """Notes a request, and says what goes wrong with it."""
        with self._lock:
            self.requests.append((method, path, headers))
            return self._faults.pop(0) if self._faults and self.only in path else Fault()

    def count(self, size: int) -> None:
        """Notes what was sent of a body."""
        with self._lock:
            self.sent += size

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def answer(self) -> None:
        proxy: FaultProxy = self.server.proxy  # type: ignore[attr-defined]
        fault = proxy.next_fault(self.command, self.path, dict(self.headers.items()))
        length = int(self.headers.get("Content-Length") or 0)
        if fault.status:
            self.rfile.read(length)
            self._refuse(fault)
            return
        upstream = http.client.HTTPConnection(proxy.upstream, timeout=60)
        try:
            if self._forward(upstream, fault, length):
                self._back(upstream.getresponse(), fault, proxy)
        except OSError:
            self.close_connection = True
        finally:
            upstream.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815  # http.server's names

    def _refuse(self, fault: Fault) -> None:
        self.send_response(fault.status)
        for name, value in (*fault.headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def _forward(self, upstream: http.client.HTTPConnection, fault: Fault, length: int) -> bool:
        """Sends the request on; whether all of it."""
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        upstream.putheader("Host", self.headers.get("Host", ""))
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                upstream.putheader(name, value)
        upstream.endheaders()
        left = length if fault.cut_request is None else min(length, fault.cut_request)
        while left:
            data = self.rfile.read(min(BLOCK, left))
            if not data:
                break
            upstream.send(data)
            left -= len(data)
        if fault.cut_request is None:
            return True
        self.close_connection = True
        return False

    def _back(self, response: http.client.HTTPResponse, fault: Fault, proxy: FaultProxy) -> None:
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        seen = 0
        for block in _disturbed(response, fault):
            limit = min((each for each in (fault.cut, fault.stall) if each is not None), default=None)
            if limit is not None and seen + len(block) >= limit:
                self.wfile.write(block[: limit - seen])
                self.wfile.flush()
                proxy.count(limit - seen)
                if fault.stall is not None:
                    proxy.ended.wait(60)
                self.close_connection = True
                return
            self.wfile.write(block)
            proxy.count(len(block))
            seen += len(block)


def _disturbed(response: http.client.HTTPResponse, fault: Fault) -> Iterable[bytes]:
    """The blocks of a body, in the order and with the damage of a fault."""
    seen = 0
    held = b""
    while block := response.read(BLOCK):
        start, seen = seen, seen + len(block)
        if fault.corrupt is not None and start <= fault.corrupt < seen:
            at = fault.corrupt - start
            block = block[:at] + bytes([block[at] ^ 0x40]) + block[at + 1 :]
        if fault.reorder is not None and start <= fault.reorder < seen:
            held = block
            continue
        yield block
        if held:
            yield held
            held = b""
        if fault.duplicate is not None and start <= fault.duplicate < seen:
            yield block
    if held:
        yield held
