"""Foreign layers come from where their descriptors say, without anything of ours being sent there."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from packages.image.tests.registry.conftest import described, some_bytes

from tiffin.image.documents import Descriptor
from tiffin.image.errors import NotFound
from tiffin.image.registry.repository import Repository
from tiffin.image.registry.source import RegistrySource
from tiffin_testing.registry import Registry

pytestmark = pytest.mark.requires("docker-registry")
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
DATA = some_bytes(100_000)
Connect = Callable[..., Repository]


class Elsewhere:
    """A web server; `seen` are the headers that it was sent, by path."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, str]] = {}
        self.address = ""


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """Has the layer at /layer, and nothing else."""
    place = Elsewhere()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            place.seen[self.path] = dict(self.headers.items())
            body = DATA if self.path == "/layer" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        place.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield place
        finally:
            server.shutdown()
            thread.join()


def read(source: RegistrySource, descriptor: Descriptor, offset: int = 0) -> bytes:
    with source.open_blob(descriptor, offset) as stream:
        return b"".join(iter(lambda: stream.read(10_000), b""))


@pytest.fixture
def source(registry: Registry, connect: Connect) -> RegistrySource:
    return RegistrySource(connect(registry.address, "foreign/app"), "latest")


def test_the_first_address_that_has_it_is_read(source: RegistrySource) -> None:
    with elsewhere() as place:
        urls = (f"{place.address}/gone", f"{place.address}/layer")
        foreign = described(DATA, FOREIGN).replace(urls=urls)
        assert read(source, foreign) == DATA
        assert read(source, foreign, 1234) == DATA[1234:]
        assert set(place.seen) == {"/gone", "/layer"}
        assert "Authorization" not in place.seen["/layer"]


def test_an_ordinary_layer_is_never_fetched_from_elsewhere(source: RegistrySource) -> None:
    with elsewhere() as place:
        ordinary = described(DATA).replace(urls=(f"{place.address}/layer",))
        with pytest.raises(NotFound):
            read(source, ordinary)
        assert place.seen == {}


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/layer", "http://ada@127.0.0.1/layer", "//x"]
)
def test_other_addresses_are_not_asked(source: RegistrySource, url: str) -> None:
    with pytest.raises(NotFound, match="no address that is asked"):
        read(source, described(DATA, FOREIGN).replace(urls=(url,)))


def test_one_that_is_nowhere_says_where_it_was_looked_for(source: RegistrySource) -> None:
    with elsewhere() as place, pytest.raises(NotFound, match=r"is nowhere.*127\.0\.0\.1"):
        read(source, described(DATA, FOREIGN).replace(urls=(f"{place.address}/gone",)))
