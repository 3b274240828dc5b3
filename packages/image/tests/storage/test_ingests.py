"""An ingest that ends, and another one of the same name that begins at that moment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tiffin.image.content import ingest as ingest_module
from tiffin.image.content.abandoned import remove_abandoned
from tiffin.image.content.local import LocalContentStore
from tiffin.image.digest import digest_of
from tiffin.image.errors import AlreadyExists, Unavailable
from tiffin.image.metadata.database import Database


@pytest.fixture
def store(tmp_path: Path) -> LocalContentStore:
    return LocalContentStore(str(tmp_path / "content"), Database(str(tmp_path / "metadata.db")))


def left(store: LocalContentStore) -> list[str]:
    return sorted(os.listdir(Path(store.root, "ingest")))


def test_one_that_begins_while_another_is_removed_keeps_what_it_writes(
    store: LocalContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []

    def begin_first(*arguments: Any) -> None:
        with store.writer("name") as other:
            other.write(b"of the other")
        begun.append(other)
        remove(*arguments)

    remove = ingest_module._remove_tree
    with store.writer("name") as writer:
        writer.write(b"first")
        with monkeypatch.context() as patched:
            patched.setattr(ingest_module, "_remove_tree", begin_first)
            digest = writer.commit()
    assert len(begun) == 1
    with store.writer("name") as again:
        assert again.offset == len(b"of the other")
        assert again.commit() != digest
    assert left(store) == []


def test_nobody_else_writes_until_a_commit_is_over(
    store: LocalContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def begin_before(*arguments: Any) -> None:
        with pytest.raises(Unavailable):
            store.writer("name")
        refused.append(True)
        rename(*arguments)

    rename = os.rename
    with store.writer("name") as writer:
        writer.write(b"data")
        with monkeypatch.context() as patched:
            patched.setattr(os, "rename", begin_before)
            writer.commit()
    assert refused
    assert left(store) == []


def test_what_a_kill_left_half_removed_is_collected(store: LocalContentStore, tmp_path: Path) -> None:
    with store.writer("name") as writer:
        writer.write(b"kept")
    (folder,) = left(store)
    ingests = Path(store.root, "ingest")
    shutil.copytree(ingests / folder, ingests / f"{folder}-0011{ingest_module.REMOVED}")
    assert [status.reference for status in store.statuses()] == ["name"]
    remove_abandoned(store.root, Database(str(tmp_path / "metadata.db")))
    assert left(store) == [folder]


def test_who_gets_an_ingest_just_after_its_blob_was_made_does_not_begin_again(
    store: LocalContentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blob was not there at the first look, and whoever made it has given the ingest up before the second."""
    data = b"made meanwhile"
    expected = digest_of(data)
    lock = ingest_module.Ingest.lock

    def lock_later(folder: str) -> ingest_module.Ingest:
        monkeypatch.undo()
        with store.writer("name", expected=expected) as other:
            other.write(data)
            other.commit()
        return lock(folder)

    monkeypatch.setattr(ingest_module.Ingest, "lock", lock_later)
    with pytest.raises(AlreadyExists):
        store.writer("name", expected=expected)
    assert left(store) == []
