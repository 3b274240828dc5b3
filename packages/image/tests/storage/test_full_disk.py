"""A disk that is full while an ingest is written."""

from __future__ import annotations

from errno import ENOSPC
from pathlib import Path

import pytest

from tiffin.image.content import writer as writer_module
from tiffin.image.content.local import LocalContentStore
from tiffin.image.metadata.database import Database


def test_a_writer_that_cannot_note_its_time_gives_the_ingest_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    store = LocalContentStore(str(tmp_path / "content"), Database(str(tmp_path / "metadata.db")))
    writer = store.writer("r")
    writer.write(b"kept")
    with monkeypatch.context() as patched:
        patched.setattr(writer_module, "write_time", full)
        with pytest.raises(OSError, match="No space"):
            writer.close()
    with store.writer("r") as again:
        assert again.offset == 4
