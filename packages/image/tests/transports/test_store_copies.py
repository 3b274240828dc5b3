"""Copies to and from the local store: resumed, at once by several, and while garbage is collected."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiffin.image.content.layout import ingest_folder
from tiffin.image.digest import digest_of
from tiffin.image.documents import Descriptor
from tiffin.image.errors import DigestMismatch, InvalidReference, NotFound
from tiffin.image.store.store import Store
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports.access import Access
from tiffin.image.transports.opening import open_destination, open_source
from tiffin.image.transports.store_destination import StoreDestination
from tiffin.image.transports.store_names import find_names
from tiffin.image.transports.store_source import StoreSource
from tiffin.image.writing import write_layout
from tiffin_testing.images import file, tar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin.image.verified import Readable

DATA = os.urandom(300_000)
BLOB = Descriptor("application/octet-stream", digest_of(DATA), len(DATA), {}, None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def original(tmp_path: Path) -> str:
    """A layout with one image."""
    write_layout(str(tmp_path / "original"), [tar(file("a", b"one")), tar(file("b", b"two"))], {}, "1")
    return f"oci:{tmp_path / 'original'}:1"


def copy(source: str, destination: str, store: Store) -> Descriptor:
    with ExitStack() as stack:
        access = Access(store=lambda: store)
        place, demands = open_destination(destination, stack, access)
        return copy_image(
            open_source(source, stack, access), place, demands.applied(CopyOptions(), destination)
        )


class Opener:
    """Opens data from an offset on, and notes which one."""

    def __init__(self, data: bytes, breaks_at: int | None = None) -> None:
        self.offsets: list[int] = []
        self._data = data
        self._breaks_at = breaks_at

    def __call__(self, offset: int) -> AbstractContextManager[Readable]:
        @contextmanager
        def opened() -> Iterator[Readable]:
            self.offsets.append(offset)
            yield self if self._breaks_at is not None else BytesIO(self._data[offset:])

        self._position = offset
        return opened()

    def read(self, size: int, /) -> bytes:
        """Breaks on the way."""
        if self._breaks_at is not None and self._position >= self._breaks_at:
            raise OSError(5, "broken")
        data = self._data[self._position : self._position + size]
        self._position += len(data)
        return data


@pytest.fixture
def destination(store: Store) -> Iterator[StoreDestination]:
    with store.leased() as leased:
        yield StoreDestination(leased, "docker.io/library/app:1")


def test_there_and_back(store: Store, original: str, tmp_path: Path) -> None:
    made = copy(original, "tiffin:app", store)
    assert copy("app", f"oci:{tmp_path}/back:1", store).digest == made.digest
    store.collect()
    with StoreSource(store, "app").open_blob(made, 5) as stream:
        assert stream.read(100) == StoreSource(store, "app").read_document(made)[5:105]
    store.images.delete("docker.io/library/app:latest")
    store.collect()
    assert list(store.content.walk()) == []
    with pytest.raises(NotFound):
        StoreSource(store, "app").resolve()


def test_a_broken_copy_is_gone_on_with(store: Store, destination: StoreDestination) -> None:
    first = Opener(DATA, breaks_at=262_144)
    with pytest.raises(OSError, match="broken"):
        destination.write_blob(BLOB, first)
    assert not destination.has_blob(BLOB)
    second = Opener(DATA)
    destination.write_blob(BLOB, second)
    assert (first.offsets, second.offsets) == ([0], [262_144])
    assert destination.has_blob(BLOB)
    with store.content.open(BLOB.digest) as stored:
        assert stored.read() == DATA


def test_what_a_power_cut_has_damaged_comes_once_more(store: Store, destination: StoreDestination) -> None:
    with pytest.raises(OSError, match="broken"):
        destination.write_blob(BLOB, Opener(DATA, breaks_at=262_144))
    ingest = Path(ingest_folder(store.content.root, "default", f"layer-{BLOB.digest}"))
    (ingest / "data").write_bytes(bytes(262_144))
    opener = Opener(DATA)
    destination.write_blob(BLOB, opener)
    assert opener.offsets == [262_144, 0]
    assert destination.has_blob(BLOB)


def test_what_is_forged_is_not_kept(store: Store, destination: StoreDestination) -> None:
    for data in (DATA[:-1] + b"x", DATA[:-1], DATA + b"more"):
        with pytest.raises(DigestMismatch):
            destination.write_blob(BLOB, Opener(data))
    assert not destination.has_blob(BLOB)
    assert store.content.statuses() == []


def test_two_at_once_fetch_it_once_or_twice_and_keep_it(store: Store) -> None:
    def write(_: int) -> None:
        with Store(store.root).leased() as leased:
            StoreDestination(leased, "x").write_blob(BLOB, Opener(DATA))

    store.content.statuses()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    assert [info.digest for info in store.content.walk()] == [BLOB.digest]


def test_a_collection_takes_nothing_from_a_copy(store: Store, destination: StoreDestination) -> None:
    destination.write_blob(BLOB, Opener(DATA))
    store.collect()
    assert destination.has_blob(BLOB)
    with store.leased() as other:
        assert StoreDestination(other, "y").has_blob(BLOB)


def test_a_killed_copy_leaves_what_a_collection_takes(store: Store) -> None:
    child = os.fork()
    if child == 0:
        with Store(store.root).leased(seconds=0.0) as leased:
            StoreDestination(leased, "x").write_blob(BLOB, Opener(DATA))
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(store.content.walk())) == 1
    store.collect()
    assert list(store.content.walk()) == []


@pytest.mark.parametrize("shorten", [lambda text: text, lambda text: text[7:], lambda text: text[7:15]])
def test_digests_stand_for_names(store: Store, original: str, shorten: Callable[[str], str]) -> None:
    made = copy(original, "tiffin:app", store)
    store.images.put("other", made)
    found = {one.name for one in find_names(store, shorten(made.digest))}
    assert found == {"other", "docker.io/library/app:latest"}


def test_a_digest_of_several_images_stands_for_none(store: Store) -> None:
    for number in range(2):
        target = Descriptor("x", f"sha256:{'a' * 60}{number:04}", 1, {}, None)
        store.images.put(f"name{number}", target)
    with pytest.raises(InvalidReference, match=r"name0.*name1"):
        find_names(store, "aaaaaaaa")
    with pytest.raises(NotFound):
        find_names(store, "aaa")  # too short
