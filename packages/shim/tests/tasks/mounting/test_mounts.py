"""Mounts for real: all or none, overlays of a hundred layers, read-only binds, and unmounting what is busy."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiffin.runtime.errors import InvalidArgument, OperationFailed, Unsupported
from tiffin.shim.events.values import Mount
from tiffin.shim.tasks.mounting import unmount as unmounting
from tiffin.shim.tasks.mounting.mount import mount_all
from tiffin.shim.tasks.mounting.unmount import mounts_below, unmount, unmount_all

pytestmark = pytest.mark.requires("root")


@pytest.fixture
def rootfs(tmp_path: Path, nothing_left: None) -> Iterator[Path]:
    place = tmp_path / "root fs"
    place.mkdir()
    yield place
    unmount_all(str(place))


def layers(folder: Path, count: int) -> list[str]:
    """Folders with a file each, in one with a long path."""
    made = []
    for number in range(count):
        layer = folder / ("x" * 60) / str(number) / "fs"
        layer.mkdir(parents=True)
        (layer / f"file-{number}").write_text(str(number))
        made.append(str(layer))
    return made


def overlay(folder: Path, lower: list[str]) -> Mount:
    (folder / "upper").mkdir()
    (folder / "work").mkdir()
    options = (f"lowerdir={':'.join(lower)}", f"upperdir={folder}/upper", f"workdir={folder}/work")
    return Mount("overlay", "overlay", options=options)


@pytest.mark.parametrize("count", [1, 3, 100])
def test_an_overlay(tmp_path: Path, rootfs: Path, count: int) -> None:
    before = os.getcwd()
    mount_all((overlay(tmp_path, layers(tmp_path, count)),), str(rootfs))
    assert {path.name for path in rootfs.iterdir()} == {f"file-{number}" for number in range(count)}
    (rootfs / "new").write_text("")
    assert (tmp_path / "upper/new").exists()
    assert os.getcwd() == before
    unmount_all(str(rootfs))
    assert list(rootfs.iterdir()) == []


def test_a_hundred_layers_leave_the_current_folder_of_others_alone(tmp_path: Path, rootfs: Path) -> None:
    lower = layers(tmp_path, 100)
    seen: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.add(os.getcwd())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        mount_all((overlay(tmp_path, lower),), str(rootfs))
    finally:
        stop.set()
        watcher.join()
    assert seen == {os.getcwd()}


def test_a_bind_may_be_read_only(tmp_path: Path, rootfs: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    mount_all((Mount("bind", str(source), options=("rbind", "ro")),), str(rootfs))
    with pytest.raises(OSError, match="Read-only"):
        (rootfs / "a").write_text("")
    (source / "a").write_text("")


def test_a_mount_below_another(tmp_path: Path, rootfs: Path) -> None:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "link").symlink_to(tmp_path)
    mounts = (
        Mount("bind", str(source), options=("bind",)),
        Mount("tmpfs", "tmpfs", "/inner", ("size=4k", "nosuid")),
    )
    mount_all(mounts, str(rootfs))
    assert mounts_below(str(rootfs)) == [f"{rootfs}/inner"]
    unmount_all(str(rootfs))
    with pytest.raises(OperationFailed):  # the link leads to a place inside of the rootfs, where nothing is
        mount_all((mounts[0], Mount("tmpfs", "tmpfs", "/link/source")), str(rootfs))
    assert not os.path.ismount(rootfs)


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (Mount("no-such-type", "x"), OperationFailed),
        (Mount("bind", "/no/such/folder", options=("bind",)), OperationFailed),
        (Mount("overlay", "overlay", options=("lowerdir=/no/such",)), OperationFailed),
        (Mount("tmpfs", "tmpfs", options=("loop",)), Unsupported),
        (Mount("fuse3.fuse-overlayfs", "overlay"), Unsupported),
        (Mount("tmpfs", "tmpfs", options=("x" * 5000,)), InvalidArgument),
    ],
)
def test_all_or_none(tmp_path: Path, rootfs: Path, bad: Mount, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        mount_all((Mount("tmpfs", "tmpfs"), Mount("tmpfs", "tmpfs"), bad), str(rootfs))
    assert not os.path.ismount(rootfs)


def test_an_error_tells_what_and_why(rootfs: Path) -> None:
    with pytest.raises(OperationFailed, match=r"mount /no/such .* No such file") as caught:
        mount_all((Mount("bind", "/no/such", options=("bind",)),), str(rootfs))
    assert caught.value.errno == 2


def test_nothing_mounted_is_nothing_to_unmount(tmp_path: Path) -> None:
    unmount_all(str(tmp_path))
    unmount_all(str(tmp_path / "none"))
    assert not unmount(str(tmp_path))


def test_what_is_busy_for_a_moment_is_waited_for(rootfs: Path) -> None:
    mount_all((Mount("tmpfs", "tmpfs"),), str(rootfs))
    held = os.open(rootfs, os.O_RDONLY)
    threading.Timer(0.1, os.close, [held]).start()
    unmount_all(str(rootfs))


def test_what_stays_busy_is_an_error(rootfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmounting, "BUSY_SECONDS", 0.1)
    mount_all((Mount("tmpfs", "tmpfs"),), str(rootfs))
    held = os.open(rootfs, os.O_RDONLY)
    with pytest.raises(OperationFailed, match="busy"):
        unmount_all(str(rootfs))
    os.close(held)
