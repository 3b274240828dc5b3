"""A whole pull over a bad line: a gigabyte through fifty cuts, with no byte twice. TIFFIN_TEST_PULL_MB: its size."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import BinaryIO

import pytest
from packages.image.tests.registry.conftest import (
    CONFIG,
    LAYER,
    MANIFEST,
    SETTINGS,
    FakeClock,
    described,
    opener,
    tree_of,
)
from packages.image.tests.registry.test_ranges import SlowClock

from tiffin.image.documents import Descriptor
from tiffin.image.errors import DigestMismatch, NotFound
from tiffin.image.platforms import host_platform
from tiffin.image.pull.pull import PulledImage, PullOptions, pull
from tiffin.image.registry.client import RegistryClient
from tiffin.image.registry.repository import Repository
from tiffin.image.registry.settings import RegistrySettings
from tiffin.image.registry.source import RegistrySource
from tiffin.image.store.store import Store
from tiffin_testing.fault_proxy import Fault, FaultProxy
from tiffin_testing.registry import Registry

pytestmark = [pytest.mark.requires("docker-registry"), pytest.mark.timeout(300)]
MEGABYTE = 1 << 20
LARGE = int(os.environ.get("TIFFIN_TEST_PULL_MB", "1024")) * MEGABYTE
SMALL = 40 * MEGABYTE + 12_345
CUTS = 50
FILE = "data/large"
NAME = "example.test/large:1"
IN_FLIGHT = 16 * MEGABYTE  # what may be on the way in sockets when a request is not wanted any more


def blocks(size: int, seed: int) -> Iterator[bytes]:
    """Bytes that look random, the same each time; no block of them comes twice."""
    base = Random(seed).randbytes(MEGABYTE) * 2  # noqa: S311  # the same bytes in each run
    for number in range(0, size, MEGABYTE):
        start = number * 4099 // MEGABYTE % (MEGABYTE - 8)
        yield (number.to_bytes(8, "big") + base[start : start + MEGABYTE - 8])[: size - number]


class Layer:
    """A layer with one large file. path: the archive. content: the file's digest, in hexadecimal."""

    def __init__(self, path: Path, size: int, seed: int) -> None:
        self.path = path
        info = tarfile.TarInfo(FILE)
        info.size = size
        content, whole = hashlib.sha256(), hashlib.sha256(info.tobuf())
        with path.open("wb") as archive:
            archive.write(info.tobuf())
            for block in blocks(size, seed):
                archive.write(block)
                content.update(block)
                whole.update(block)
            end = bytes(-size % 512 + 1024)
            archive.write(end)
            whole.update(end)
        self.content = content.hexdigest()
        self.descriptor = Descriptor(LAYER, f"sha256:{whole.hexdigest()}", path.stat().st_size, {}, None)

    @contextmanager
    def open(self, offset: int) -> Iterator[BinaryIO]:
        with self.path.open("rb") as file:
            file.seek(offset)
            yield file


def repository(
    address: str, path: str, clock: FakeClock | None = None, settings: RegistrySettings = SETTINGS
) -> Repository:
    return RegistryClient(settings, None, clock or FakeClock()).repository(address, path)


def push(place: Repository, layer: Layer) -> None:
    """An image with this layer alone, under the tag 1."""
    platform = host_platform()
    rootfs = {"type": "layers", "diff_ids": [layer.descriptor.digest]}
    config = json.dumps({"os": platform.os, "architecture": platform.architecture, "rootfs": rootfs}).encode()
    place.push_blob(described(config), opener(config))
    place.push_blob(layer.descriptor, layer.open)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": tree_of(described(config, CONFIG)),
        "layers": [tree_of(layer.descriptor)],
    }
    place.push_manifest("1", json.dumps(manifest).encode(), MANIFEST)


def pull_by(place: Repository, store: Store) -> PulledImage:
    return pull(RegistrySource(place, "1"), store, NAME, PullOptions())


def digest_of_file(pulled: PulledImage) -> str:
    assert pulled.unpacked is not None
    with Path(pulled.unpacked.trees[0], FILE).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture(scope="module")
def large(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layer]:
    layer = Layer(tmp_path_factory.mktemp("large") / "layer.tar", LARGE, seed=1)
    push(repository(registry.address, "large/whole"), layer)
    layer.path.unlink()
    yield layer
    repository(registry.address, "large/whole").delete_blob(layer.descriptor.digest)


@pytest.fixture(scope="module")
def small(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Layer:
    layer = Layer(tmp_path_factory.mktemp("small") / "layer.tar", SMALL, seed=2)
    push(repository(registry.address, "large/small"), layer)
    return layer


def test_a_gigabyte_survives_fifty_cuts_and_five_stalls(
    registry: Registry, large: Layer, tmp_path: Path
) -> None:
    size = large.descriptor.size
    part = size // (CUTS + 7)
    faults = [Fault(cut=part + (-1) ** number * (number * 997 + 1)) for number in range(CUTS)]
    for number in range(5):
        faults.insert(7 * number, Fault(stall=65_537 + 4099 * number))
    settings = SETTINGS.replace(ranges=1, read_timeout=3.0)  # nothing but a stall lasts as long
    with FaultProxy(
        registry.address, [Fault(), *faults], only="/blobs/"
    ) as proxy:  # the first one is the config
        pulled = pull_by(
            repository(proxy.address, "large/whole", settings=settings), Store(str(tmp_path / "store"))
        )
        assert proxy.left == 0
        starts = [
            int(headers["Range"].removeprefix("bytes=").partition("-")[0])
            for _, path, headers in proxy.requests
            if "/blobs/" in path and "Range" in headers
        ]
        assert proxy.sent - size < MEGABYTE
    came = [fault.cut if fault.cut is not None else fault.stall or 0 for fault in faults]
    assert starts == [sum(came[:number]) for number in range(1, len(came) + 1)]
    assert digest_of_file(pulled) == large.content


def test_parts_of_a_slow_blob_are_fetched_once_whatever_is_cut(
    registry: Registry, small: Layer, tmp_path: Path
) -> None:
    faults = [Fault(), Fault(), *(Fault(cut=70_001 + 30_011 * number) for number in range(CUTS))]
    with FaultProxy(registry.address, faults, only="/blobs/") as proxy:
        place = repository(proxy.address, "large/small", SlowClock(), SETTINGS.replace(ranges=4))
        pulled = pull_by(place, Store(str(tmp_path / "store")))
        assert proxy.left == 0
        assert proxy.sent - small.descriptor.size < IN_FLIGHT
    assert digest_of_file(pulled) == small.content


@pytest.mark.parametrize(
    "fault",
    [
        Fault(corrupt=SMALL // 3),
        Fault(duplicate=70_000),
        Fault(reorder=SMALL // 2),
        Fault(corrupt=SMALL + 600),
    ],
    ids=["corrupt", "twice", "order", "corrupt at the end"],
)
def test_a_damaged_layer_is_no_image_and_the_next_pull_is_whole(
    registry: Registry, small: Layer, tmp_path: Path, fault: Fault
) -> None:
    store = Store(str(tmp_path / "store"))
    with FaultProxy(registry.address, [Fault(), fault], only="/blobs/") as proxy:
        place = repository(proxy.address, "large/small")
        with pytest.raises(DigestMismatch, match=small.descriptor.digest):
            pull_by(place, store)
        assert proxy.left == 0
        with pytest.raises(NotFound):
            store.images.get(NAME)
        assert list(store.snapshots.walk()) == []
        assert digest_of_file(pull_by(place, store)) == small.content


def test_what_a_pull_got_before_it_gave_up_is_not_fetched_again(
    registry: Registry, small: Layer, tmp_path: Path
) -> None:
    store = Store(str(tmp_path / "store"))
    half = SMALL // 2
    gone = Fault(status=404)
    with FaultProxy(registry.address, [Fault(), Fault(cut=half), gone], only="/blobs/") as proxy:
        place = repository(proxy.address, "large/small")
        with pytest.raises(NotFound):
            pull_by(place, store)
        assert digest_of_file(pull_by(place, store)) == small.content
        assert proxy.requests[-1][2]["Range"] == f"bytes={half}-{small.descriptor.size - 1}"
        assert proxy.sent - small.descriptor.size < MEGABYTE


def test_damage_before_a_cut_is_found_after_it_and_all_is_fetched_anew(
    registry: Registry, small: Layer, tmp_path: Path
) -> None:
    store = Store(str(tmp_path / "store"))
    faults = [Fault(), Fault(corrupt=70_000, cut=SMALL // 2), Fault(status=404)]
    with FaultProxy(registry.address, faults, only="/blobs/") as proxy:
        place = repository(proxy.address, "large/small")
        with pytest.raises(NotFound):
            pull_by(place, store)
        assert digest_of_file(pull_by(place, store)) == small.content
