"""What snapshots show once they are mounted by their own `mounts`: checks for a process with its own mount namespace.

python mounted.py CHECK SNAPSHOTTER FOLDER       ends with 0 if all is as it should be
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from errno import EROFS
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.peers.tree import MNT_DETACH, mount_all, own_mount_namespace

from tiffin.image.kernel import umount2
from tiffin.image.metadata.database import Database
from tiffin.image.snapshots.native import native_snapshotter
from tiffin.image.snapshots.overlayfs import overlay_snapshotter
from tiffin.image.store.writable import mount_writable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.snapshots.local import LocalSnapshotter

KINDS = {"overlayfs": overlay_snapshotter, "native": native_snapshotter}
LAYERS = 100


class Mounted:
    """A snapshotter in a folder, whose snapshots are mounted beside it."""

    def __init__(self, folder: Path, kind: str) -> None:
        (folder / "store").mkdir(parents=True)
        self.folder = folder
        self.snapshots: LocalSnapshotter = KINDS[kind](
            str(folder / "store"), Database(str(folder / "store/metadata.db"))
        )

    @contextmanager
    def at(self, key: str) -> Iterator[Path]:
        """A snapshot, mounted."""
        target = self.folder / "mounted"
        target.mkdir(exist_ok=True)
        mount_all(self.snapshots.mounts(key), str(target))
        try:
            yield target
        finally:
            umount2(str(target), MNT_DETACH)

    @contextmanager
    def layer(self, name: str, parent: str = "") -> Iterator[Path]:
        """A new active snapshot, mounted; it is committed at the end."""
        self.snapshots.prepare(f"active {name}", parent)
        with self.at(f"active {name}") as tree:
            yield tree
        self.snapshots.commit(name, f"active {name}")


def two_layers(mounted: Mounted) -> None:
    """One layer with files, and one that changes all of them."""
    with mounted.layer("one") as tree:
        (tree / "kept").write_text("kept")
        (tree / "changed").write_text("old")
        (tree / "gone").write_text("gone")
        (tree / "folder").mkdir(mode=0o750)
        (tree / "folder/inner").write_text("inner")
        tree.chmod(0o711)
    with mounted.layer("two", "one") as tree:
        (tree / "changed").write_text("new")
        (tree / "gone").unlink()
        (tree / "folder/inner").unlink()
        (tree / "folder").rmdir()
        (tree / "folder").mkdir(mode=0o700)
        (tree / "added").symlink_to("kept")


def contents(tree: Path) -> dict[str, str]:
    """The files by path; of folders and links, what they are."""
    found = {}
    for path in sorted(tree.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(tree))] = f"-> {path.readlink()}"
        else:
            found[str(path.relative_to(tree))] = (
                oct(path.stat().st_mode & 0o7777) if path.is_dir() else path.read_text()
            )
    return found


ONE = {"kept": "kept", "changed": "old", "gone": "gone", "folder": "0o750", "folder/inner": "inner"}
TWO = {"kept": "kept", "changed": "new", "folder": "0o700", "added": "-> kept"}


def children(mounted: Mounted) -> None:
    """Children see their parents; what they write, nobody else sees."""
    two_layers(mounted)
    for key, parent, expected in (("a", "one", ONE), ("b", "two", TWO), ("c", "two", TWO)):
        mounted.snapshots.prepare(key, parent)
        with mounted.at(key) as tree:
            assert contents(tree) == expected
            assert tree.stat().st_mode & 0o7777 == 0o711
            (tree / "changed").write_text(key)
            (tree / "kept").unlink()
    with mounted.at("b") as tree:
        assert contents(tree) == {"changed": "b", "folder": "0o700", "added": "-> kept"}
    mounted.snapshots.commit("three", "b")
    mounted.snapshots.view("v", "three")
    with mounted.at("v") as tree:
        assert contents(tree) == {"changed": "b", "folder": "0o700", "added": "-> kept"}


def views(mounted: Mounted) -> None:
    """Views can only be read: of nothing, of one layer, of two."""
    two_layers(mounted)
    for parent, expected in (("", {}), ("one", ONE), ("two", TWO)):
        mounted.snapshots.view(f"view {parent}", parent)
        with mounted.at(f"view {parent}") as tree:
            assert contents(tree) == expected
            for write in (lambda: (tree / "x").write_text("x"), lambda: tree.chmod(0o700)):
                with pytest.raises(OSError, match="Read-only") as refused:
                    write()
                assert refused.value.errno == EROFS


def long_chain(mounted: Mounted) -> None:
    """Of many layers each is seen, though their paths together are longer than mount(2) takes."""
    for number in range(LAYERS):
        with mounted.layer(str(number), str(number - 1) if number else "") as tree:
            (tree / f"file {number}").write_text(str(number))
            (tree / "last").write_text(str(number))
            if number:
                (tree / f"file {number - 1}").rename(tree / f"moved {number - 1}")
    expected = {f"moved {number}": str(number) for number in range(LAYERS - 1)}
    expected |= {f"file {LAYERS - 1}": str(LAYERS - 1), "last": str(LAYERS - 1)}
    last = str(LAYERS - 1)
    mounted.snapshots.view("view", last)
    mounted.snapshots.prepare("active", last)
    for key in ("view", "active"):
        with mounted.at(key) as tree:
            assert contents(tree) == expected
    container = mounted.folder / "container"
    container.mkdir()
    rootfs = mount_writable(
        mounted.snapshots.trees(last), str(container), stacks=mounted.snapshots.stacks,
        rootless="userxattr" in str(mounted.snapshots.mounts("active")), keep=True,
    )  # fmt: skip
    assert contents(Path(rootfs)) == expected
    Path(rootfs, "last").write_text("changed")


CHECKS = {"children": children, "views": views, "long_chain": long_chain}


def main() -> None:
    """The script."""
    check, kind, folder = sys.argv[1:]
    own_mount_namespace()
    os.umask(0o022)
    CHECKS[check](Mounted(Path(folder), kind))


if __name__ == "__main__":
    main()
