"""A large blob over a slow connection is fetched by several requests at once; over a fast one by a single request."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from packages.image.tests.registry.conftest import SETTINGS, FakeClock, described, opener, some_bytes

from tiffin.image.errors import NotFound
from tiffin.image.registry.client import RegistryClient
from tiffin.image.registry.ranges import PART, SAMPLE
from tiffin.image.registry.repository import Repository
from tiffin_testing.fault_proxy import Fault, FaultProxy
from tiffin_testing.registry import Registry

SIZE = SAMPLE + 5 * PART + 1000


class SlowClock(FakeClock):
    """A second passes between any two looks at it: every connection is slow."""

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now


def repository(address: str, path: str, clock: FakeClock, ranges: int = 3) -> Repository:
    return RegistryClient(SETTINGS.replace(ranges=ranges), None, clock).repository(address, path)


def read(place: Repository, data: bytes, offset: int = 0) -> bytes:
    with place.open_blob(described(data), offset) as reader:
        return b"".join(iter(lambda: reader.read(1 << 20), b""))


def parts_asked_for(proxy: FaultProxy) -> list[str]:
    return [
        headers["Range"] for _, path, headers in proxy.requests if "/blobs/" in path and "Range" in headers
    ]


@pytest.fixture(scope="module")
def data() -> bytes:
    block = some_bytes(1024 * 1024)
    return (block * (SIZE // len(block) + 1))[:SIZE]


@pytest.fixture
def pushed(registry: Registry, data: bytes) -> str:
    place = repository(registry.address, "ranges/blob", FakeClock())
    place.push_blob(described(data), opener(data))
    return registry.address


@pytest.mark.requires("docker-registry")
def test_a_slow_connection_is_helped_by_others(pushed: str, data: bytes) -> None:
    with FaultProxy(pushed) as proxy:
        assert read(repository(proxy.address, "ranges/blob", SlowClock()), data) == data
        asked = parts_asked_for(proxy)
    ends = [(start, min(start + PART, SIZE)) for start in range(SAMPLE, SIZE, PART)]
    assert sorted(asked) == sorted(f"bytes={start}-{end - 1}" for start, end in ends)


@pytest.mark.requires("docker-registry")
@pytest.mark.parametrize(("clock", "ranges"), [(FakeClock, 3), (SlowClock, 1)], ids=["fast", "one only"])
def test_otherwise_there_is_one_request(
    pushed: str, data: bytes, clock: type[FakeClock], ranges: int
) -> None:
    with FaultProxy(pushed) as proxy:
        assert read(repository(proxy.address, "ranges/blob", clock(), ranges), data) == data
        assert parts_asked_for(proxy) == []


@pytest.mark.requires("docker-registry")
def test_parts_survive_cuts_and_begin_where_asked(pushed: str, data: bytes) -> None:
    faults = [Fault(), *[Fault(cut=100_000)] * 4]
    with FaultProxy(pushed, faults, only="/blobs/") as proxy:
        place = repository(proxy.address, "ranges/blob", SlowClock())
        assert read(place, data, offset=777) == data[777:]
        assert proxy.left == 0


@pytest.mark.requires("docker-registry")
def test_a_part_that_is_refused_ends_it(pushed: str, data: bytes) -> None:
    faults = [Fault(), Fault(), Fault(status=404)]
    with FaultProxy(pushed, faults, only="/blobs/") as proxy, pytest.raises(NotFound):
        read(repository(proxy.address, "ranges/blob", SlowClock()), data)


@pytest.mark.requires("docker-registry")
def test_who_leaves_early_waits_for_nothing_but_what_is_under_way(pushed: str, data: bytes) -> None:
    with FaultProxy(pushed) as proxy:
        with repository(proxy.address, "ranges/blob", SlowClock()).open_blob(described(data)) as reader:
            taken = 0
            while taken <= SAMPLE:  # up to the first part, after which a fourth is asked for
                taken += len(reader.read(1 << 20))
        assert 1 <= len(parts_asked_for(proxy)) <= 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tiffin-range")]


@contextmanager
def server_without_ranges(data: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server that always answers with all of it; its address, and the Range headers that it was sent."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def do_GET(self) -> None:
            seen.append(self.headers.get("Range", ""))
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()
            thread.join()


def test_a_server_that_knows_no_ranges_is_read_from_end_to_end(data: bytes) -> None:
    with server_without_ranges(data) as (address, seen):
        assert read(repository(address, "ranges/blob", SlowClock()), data) == data
    assert seen == [""]
