"""Layers are unpacked while they come: in any order, with few threads, and where one of them stalls or fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.unpacking.conftest import AtOnce, kept
from packages.image.tests.unpacking.held import SECONDS

from tiffin.image.errors import DigestMismatch, InvalidImage, NotFound, Unavailable
from tiffin.image.pull.pull import PullOptions, pull
from tiffin.image.store.store import Store
from tiffin.image.transfer.events import Progress, Stage
from tiffin.image.transports.opening import open_source
from tiffin.image.writing import write_layout
from tiffin_testing.images import digest, directory, file, hardlink, tar

if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.verified import Readable

pytestmark = pytest.mark.requires("root", "overlayfs")
COUNT = 4
NAME = "example.test/slow:1"
SIZE = 2_500_000  # some blocks


def layers() -> list[bytes]:
    """Each has a file of its own, and all but the bottom one a hard link into the one below."""
    own = [[directory(f"d{n}/"), file(f"d{n}/f", bytes([n]) * SIZE)] for n in range(COUNT)]
    return [tar(*own[n], *([hardlink(f"h{n}", f"d{n - 1}/f")] if n else [])) for n in range(COUNT)]


class Gated:
    """A source whose blobs wait in the middle until a test lets them come, or fail there.

    Args:
        source: the true one. digests: of the layers.

    begun: how far they came. failures: what they raise in the middle. damaged: those with a wrong byte.
    """

    def __init__(self, source: ImageSource, digests: list[str]) -> None:
        self.name = source.name
        self.resolve = source.resolve
        self.read_document = source.read_document
        self.referrers = source.referrers
        self._source = source
        self._gates = {digest: threading.Event() for digest in digests}
        self.digests = digests
        self.begun = {digest: threading.Event() for digest in digests}
        self.failures: dict[str, Exception] = {}
        self.damaged: set[str] = set()

    def open(self, *numbers: int) -> None:
        for number in numbers:
            self._gates[self.digests[number]].set()

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        with self._source.open_blob(descriptor, offset) as stream:
            yield stream if descriptor.digest not in self._gates else _Stream(self, descriptor.digest, stream)

    def pass_gate(self, digest: str) -> None:
        self.begun[digest].set()
        assert self._gates[digest].wait(SECONDS), "nobody opens the gate"
        if digest in self.failures:
            raise self.failures[digest]


class _Stream:
    def __init__(self, gated: Gated, digest: str, stream: Readable) -> None:
        self._gated = gated
        self._digest = digest
        self._stream = stream
        self._blocks = 0

    def read(self, size: int, /) -> bytes:
        if self._blocks == 1:
            self._gated.pass_gate(self._digest)
        data = self._stream.read(min(size, 1 << 19))
        self._blocks += 1
        return data[:-1] + b"?" if self._digest in self._gated.damaged and self._blocks == 2 else data


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Gated]:
    layout = tmp_path / "layout"
    write_layout(str(layout), layers(), {}, "1")
    with ExitStack() as stack:
        opened = open_source(f"oci:{layout}:1", stack)
        yield Gated(opened, [digest(layer) for layer in layers()])


def is_right(store: Store, trees: tuple[str, ...]) -> bool:
    found = [Path(tree, f"d{n}/f").read_bytes() == bytes([n]) * SIZE for n, tree in enumerate(trees[::-1])]
    links = [Path(tree, f"h{n}").stat().st_nlink == 2 for n, tree in enumerate(trees[::-1]) if n]
    return all(found) and all(links) and len(kept(store)) == COUNT


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (0, 1, 2, 3), (1, 3, 0, 2)])
@pytest.mark.parametrize("number", [1, 2, 4])
def test_layers_come_in_any_order(
    store: Store, source: Gated, at_once: AtOnce, number: int, order: tuple[int, ...]
) -> None:
    at_once(number)
    come = threading.Event()
    seen: list[Progress] = []

    def report(event: Progress) -> None:
        seen.append(event)
        if event.kind == "layer" and event.stage is Stage.DONE:
            come.set()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(pull, source, store, NAME, PullOptions(parallel=COUNT), report)
        for one in order:
            assert source.begun[source.digests[one]].wait(SECONDS)
            come.clear()
            source.open(one)
            assert come.wait(SECONDS), "a layer that comes is not taken"
        pulled = future.result(SECONDS)
    assert pulled.unpacked is not None
    assert is_right(store, pulled.unpacked.trees)
    unpacked = [event.digest for event in seen if event.kind == "unpack" and event.stage is Stage.DONE]
    assert unpacked == list(pulled.config.diff_ids)


@pytest.mark.parametrize("parallel", [1, 2])
@pytest.mark.parametrize("number", [1, 3])
def test_there_are_fewer_threads_than_layers(
    store: Store, source: Gated, at_once: AtOnce, parallel: int, number: int
) -> None:
    at_once(number)
    source.open(*range(COUNT))
    pulled = pull(source, store, NAME, PullOptions(parallel=parallel))
    assert pulled.unpacked is not None
    assert is_right(store, pulled.unpacked.trees)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("failing", range(COUNT))
def test_a_layer_fails_while_all_others_stall(store: Store, source: Gated, failing: int) -> None:
    source.failures[source.digests[failing]] = NotFound("it went away")
    others = [number for number in range(COUNT) if number != failing]

    def report(event: Progress) -> None:
        """The others come only after the failure."""
        assert event.stage is not Stage.DONE or event.kind == "config"

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(pull, source, store, NAME, PullOptions(parallel=COUNT), report)
        for digest in source.digests:
            assert source.begun[digest].wait(SECONDS)
        for other in others:
            source.failures[source.digests[other]] = Unavailable("it stalled for too long")
        source.open(failing)
        stalled = threading.Timer(0.3, source.open, others)  # as the client's own limit ends them
        stalled.start()
        with pytest.raises((NotFound, Unavailable)):
            future.result(SECONDS)
        stalled.join()
    assert kept(store) == []
    with pytest.raises(NotFound):
        store.images.get(NAME)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("damaged", range(COUNT))
def test_the_layer_that_came_damaged_is_named(store: Store, source: Gated, damaged: int) -> None:
    source.damaged.add(source.digests[damaged])
    source.open(*range(COUNT))
    with pytest.raises(DigestMismatch, match=source.digests[damaged]):
        pull(source, store, NAME)
    assert kept(store) == []
    source.damaged.clear()
    pulled = pull(source, store, NAME)
    assert pulled.unpacked is not None
    assert is_right(store, pulled.unpacked.trees)


@pytest.mark.usefixtures("at_once")
def test_a_layer_is_wrong_though_it_came_well(store: Store, tmp_path: Path) -> None:
    write_layout(str(tmp_path / "wrong"), [*layers(), tar(hardlink("h", "none")), tar(file("top"))], {}, "1")
    with ExitStack() as stack, pytest.raises(InvalidImage, match="hard link 'h'"):
        pull(open_source(f"oci:{tmp_path / 'wrong'}:1", stack), store, NAME)
    assert kept(store) == []
