"""A bad line between us and docker-registry: cuts, stalls, damage, refusals. TIFFIN_TEST_PULL_MB: size of the blob."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from email.utils import formatdate

import pytest
from packages.image.tests.registry.conftest import (
    SETTINGS,
    FakeClock,
    described,
    opener,
    push_image,
    read_all,
    some_bytes,
)

from tiffin.image.errors import DigestMismatch, NotFound, PermissionDenied, Unavailable
from tiffin.image.registry.repository import Repository
from tiffin.image.verified import VerifiedReader
from tiffin_testing.fault_proxy import Fault, FaultProxy
from tiffin_testing.registry import Registry

pytestmark = pytest.mark.requires("docker-registry")
Connect = Callable[..., Repository]
MEGABYTES = int(os.environ.get("TIFFIN_TEST_PULL_MB", "64"))
CUTS = 50


def test_a_large_blob_survives_fifty_cuts(registry: Registry, connect: Connect) -> None:
    data = some_bytes(1024 * 1024) * MEGABYTES
    blob = described(data)
    connect(registry.address, "faults/large").push_blob(blob, opener(data))
    part = len(data) // (CUTS + 1)
    with FaultProxy(registry.address, [Fault(cut=part)] * CUTS, only="/blobs/") as proxy:
        found = hashlib.sha256()
        one = SETTINGS.replace(ranges=1)
        with connect(proxy.address, "faults/large", one).open_blob(blob) as reader:
            while block := reader.read(1 << 20):
                found.update(block)
        assert f"sha256:{found.hexdigest()}" == blob.digest
        assert proxy.left == 0
        ranges = [
            headers["Range"]
            for _, path, headers in proxy.requests
            if "/blobs/" in path and "Range" in headers
        ]
    assert ranges == [f"bytes={number * part}-{len(data) - 1}" for number in range(1, CUTS + 1)]


def test_a_stall_times_out_and_goes_on(registry: Registry, connect: Connect) -> None:
    data = some_bytes(300_000)
    connect(registry.address, "faults/stall").push_blob(described(data), opener(data))
    with FaultProxy(registry.address, [Fault(stall=100_000)] * 2, only="/blobs/") as proxy:
        repository = connect(proxy.address, "faults/stall", SETTINGS.replace(read_timeout=1.0))
        assert read_all(repository, described(data)) == data
        assert proxy.left == 0


@pytest.mark.parametrize(
    "fault",
    [Fault(corrupt=70_000), Fault(duplicate=70_000), Fault(reorder=70_000)],
    ids=["corrupt", "twice", "order"],
)
def test_damage_is_found(registry: Registry, connect: Connect, fault: Fault) -> None:
    data = some_bytes(300_000, seed=3)
    blob = described(data)
    connect(registry.address, "faults/damage").push_blob(blob, opener(data))
    with FaultProxy(registry.address, [fault], only="/blobs/") as proxy:
        repository = connect(proxy.address, "faults/damage")
        with repository.open_blob(blob) as reader, pytest.raises(DigestMismatch):
            VerifiedReader(reader, blob.digest, blob.size, "layer").finish()
        assert proxy.left == 0
        assert read_all(repository, blob) == data


def test_cuts_without_progress_end(registry: Registry, connect: Connect, clock: FakeClock) -> None:
    data = some_bytes(300_000, seed=4)
    connect(registry.address, "faults/end").push_blob(described(data), opener(data))
    with FaultProxy(registry.address, [Fault(cut=10)] * 99, only="/blobs/") as proxy:
        with pytest.raises(Unavailable):
            read_all(connect(proxy.address, "faults/end"), described(data))
        assert proxy.left == 99 - SETTINGS.retry.attempts
    assert clock.slept == sorted(clock.slept)
    assert len(clock.slept) == SETTINGS.retry.attempts - 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_the_server_says_how_long_to_wait(
    registry: Registry, connect: Connect, clock: FakeClock, status: int, *, as_date: bool
) -> None:
    descriptor, _ = push_image(connect(registry.address, "faults/busy"), "1")
    value = formatdate(clock.time() + 7, usegmt=True) if as_date else "7"
    fault = Fault(status=status, headers=(("Retry-After", value),))
    with FaultProxy(registry.address, [fault] * 2, only="/manifests/") as proxy:
        assert connect(proxy.address, "faults/busy").resolve("1")[0] == descriptor
    assert len(clock.slept) == 2
    # by the second answer, the moment that a date names has come
    assert [int(pause) for pause in clock.slept] == ([7, 0] if as_date else [7, 7])


def test_a_wait_that_is_too_long_is_not_begun(registry: Registry, connect: Connect, clock: FakeClock) -> None:
    fault = Fault(status=429, headers=(("Retry-After", "86400"),))
    with (
        FaultProxy(registry.address, [fault], only="/manifests/") as proxy,
        pytest.raises(Unavailable, match="login"),
    ):
        connect(proxy.address, "faults/busy").resolve("1")
    assert clock.slept == []


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (403, PermissionDenied)])
def test_what_is_final_is_not_tried_again(
    registry: Registry, connect: Connect, clock: FakeClock, status: int, kind: type[Exception]
) -> None:
    data = some_bytes(1000, seed=5)
    with FaultProxy(registry.address, [Fault(status=status)] * 9, only="/blobs/") as proxy:
        with pytest.raises(kind):
            connect(proxy.address, "faults/final").open_blob(described(data))
        assert proxy.left == 8
    assert clock.slept == []


@pytest.mark.parametrize("chunk", [0, 100_000])
def test_an_upload_survives_cuts(registry: Registry, connect: Connect, chunk: int) -> None:
    data = some_bytes(400_000, seed=6 + chunk)
    name = f"faults/upload-{chunk}"
    with FaultProxy(registry.address, [Fault(), Fault(cut_request=70_000)], only="/uploads/") as proxy:
        repository = connect(proxy.address, name, SETTINGS.replace(chunk_size=chunk))
        repository.push_blob(described(data), opener(data))
        assert proxy.left == 0
    assert read_all(connect(registry.address, name), described(data)) == data
