"""A disk that gets full at any step: the error names the line, what was done stays, and the next build works."""

from __future__ import annotations

import itertools
from errno import ENOSPC
from pathlib import Path

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.execute.copy import files
from tiffin.image.building.failure import StepFailed
from tiffin.image.content.writer import LocalContentWriter
from tiffin.image.snapshots.committing import Committer
from tiffin.image.store.store import Store

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]

TEXT = "FROM base\nRUN echo 1 >/1\nCOPY a.txt /2\nRUN echo 3 >/3"


def full(*_: object) -> None:
    raise OSError(ENOSPC, "No space left on device")


def test_while_a_file_is_copied(building: Building, monkeypatch: pytest.MonkeyPatch) -> None:
    building.write(a_txt="a")
    with monkeypatch.context() as patched:
        patched.setattr(files, "copy_content", full)
        with pytest.raises(StepFailed, match=r"Dockerfile:3: .*No space left"):
            building.build(TEXT)
    assert {snapshot.kind.value for snapshot in building.store.snapshots.walk()} == {"committed"}
    assert set(building.added(building.build(TEXT))) == {"1", "2", "3"}
    assert building.cached == [True, False, False]


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_while_a_layer_is_written(building: Building, monkeypatch: pytest.MonkeyPatch, layer: int) -> None:
    building.write(a_txt="a")
    building.build("FROM base")
    original, count = LocalContentWriter.write, itertools.count(1)

    def write(self: LocalContentWriter, data: bytes | memoryview) -> None:
        if data[:2] == b"\x1f\x8b" and next(count) == layer:
            full()
        original(self, data)

    with monkeypatch.context() as patched:
        patched.setattr(LocalContentWriter, "write", write)
        with pytest.raises(StepFailed, match=r"its layer cannot be made: .*No space left"):
            building.build(TEXT)
    assert {snapshot.kind.value for snapshot in building.store.snapshots.walk()} == {"committed"}
    assert building.store.content.statuses() == []
    assert set(building.added(building.build(TEXT))) == {"1", "2", "3"}


@pytest.mark.parametrize("kind", ["overlayfs", "native"])
def test_while_snapshots_are_committed(
    building: Building, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    building.store.database.close()
    building.store = Store(str(tmp_path / "other-store"), snapshotter=kind)
    building.write(a_txt="a")
    building.build("FROM base")
    with monkeypatch.context() as patched:
        patched.setattr(Committer, "commit", lambda *_, **__: full())
        with pytest.raises((StepFailed, OSError), match="No space left"):
            building.build(TEXT)
    assert {snapshot.kind.value for snapshot in building.store.snapshots.walk()} == {"committed"}
    assert set(building.added(building.build(TEXT))) == {"1", "2", "3"}


def test_a_stack_of_more_layers_than_mount_options_have_room_for(building: Building, tmp_path: Path) -> None:
    lines = "".join(f"COPY --chown={number} a.txt /f{number}\n" for number in range(60))
    building.write(a_txt="a")
    built = building.build(f"FROM base\n{lines}RUN ls / | grep -c ^f")
    assert building.output == ["60"]
    assert len(built.tree["rootfs"]["diff_ids"]) == 61
