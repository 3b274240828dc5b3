"""What every `ContentStore` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiffin.image.digest import digest_of
from tiffin.image.errors import AlreadyExists, DigestMismatch, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.image.content.protocol import ContentStore

DATA = b"some content" * 1000
DIGEST = digest_of(DATA)


def check_content_store(make: Callable[[], ContentStore]) -> None:
    """Runs all checks, each on a store of its own, which `make` makes empty."""
    for check in (_blob, _resumed, _mismatch, _existing, _locked, _aborted, _labels, _missing):
        check(make())


def _put(store: ContentStore, data: bytes = DATA) -> str:
    with store.writer("put", total=len(data)) as writer:
        writer.write(data)
        return writer.commit(size=len(data), digest=digest_of(data), labels={"a": "1"})


def _blob(store: ContentStore) -> None:
    assert _put(store) == DIGEST
    info = store.info(DIGEST)
    assert (info.digest, info.size, dict(info.labels)) == (DIGEST, len(DATA), {"a": "1"})
    with store.open(DIGEST) as file:
        file.seek(5)
        assert file.read() == DATA[5:]
    assert [blob.digest for blob in store.walk()] == [DIGEST]
    assert store.statuses() == []


def _resumed(store: ContentStore) -> None:
    with store.writer("r", total=len(DATA), expected=DIGEST) as writer:
        writer.write(DATA[:100])
    status = store.status("r")
    assert (status.reference, status.offset, status.total, status.expected) == ("r", 100, len(DATA), DIGEST)
    with store.writer("r", total=len(DATA), expected=DIGEST) as writer:
        assert writer.offset == 100
        writer.write(memoryview(DATA)[100:])
        assert writer.commit() == DIGEST
    with pytest.raises(NotFound):
        store.status("r")


def _mismatch(store: ContentStore) -> None:
    for wrong in ({"size": 2}, {"digest": DIGEST}):
        with store.writer("m") as writer:
            writer.write(b"abc")
            with pytest.raises(DigestMismatch):
                writer.commit(**wrong)
        assert store.statuses() == []
    assert list(store.walk()) == []


def _existing(store: ContentStore) -> None:
    _put(store)
    with pytest.raises(AlreadyExists):
        store.writer("again", expected=DIGEST)
    with store.writer("again") as writer:
        writer.write(b"not this")
        writer.truncate()
        writer.write(DATA)
        with pytest.raises(AlreadyExists):
            writer.commit()
    assert store.statuses() == []


def _locked(store: ContentStore) -> None:
    with store.writer("l"), pytest.raises(Unavailable):
        store.writer("l")
    with store.writer("l") as writer:
        assert writer.offset == 0


def _aborted(store: ContentStore) -> None:
    with store.writer("a") as writer:
        writer.write(DATA)
    store.abort("a")
    assert store.statuses() == []
    with pytest.raises(NotFound):
        store.abort("a")


def _labels(store: ContentStore) -> None:
    _put(store)
    assert dict(store.update(DIGEST, {"a": "", "b": "2"}).labels) == {"b": "2"}
    assert dict(store.info(DIGEST).labels) == {"b": "2"}


def _missing(store: ContentStore) -> None:
    _put(store)
    store.delete(DIGEST)
    for call in (store.info, store.open, store.delete, lambda digest: store.update(digest, {})):
        with pytest.raises(NotFound):
            call(DIGEST)
