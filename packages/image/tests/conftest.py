"""A root to apply layers to; trees as what can be compared."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root

Apply = Callable[..., LayerWriter]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty root, in a folder that nothing may be written to beside it."""
    folder = tmp_path / "jail" / "root"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def apply(root: Path) -> Apply:
    """Applies layers (bytes) to `root`."""

    def apply_layers(*layers: bytes, ownership: Ownership | None = None) -> LayerWriter:
        with Root(root) as opened:
            writer = LayerWriter(opened, ownership or Ownership.possible())
            for layer in layers:
                writer.apply(io.BytesIO(layer))
            writer.finish()
        return writer

    return apply_layers


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything in a folder that an unpacker decides on, by path: type, mode, owner, time, content, xattrs, links."""
    found: dict[str, tuple[object, ...]] = {}
    for above, directories, files in os.walk(folder):
        for name in ["", *files, *(d for d in directories if os.path.islink(os.path.join(above, d)))]:
            path = Path(above, name)
            found[str(path.relative_to(folder))] = _facts(path)
    return found


def _facts(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    kind = stat.S_IFMT(status.st_mode)
    content: object = None
    if kind == stat.S_IFREG:
        content = path.read_bytes()
    elif kind == stat.S_IFLNK:
        content = os.readlink(path)
    names = sorted(os.listxattr(path, follow_symlinks=False))
    extended = [(name, os.getxattr(path, name, follow_symlinks=False)) for name in names]
    links = status.st_nlink if kind != stat.S_IFDIR else 0
    device = status.st_rdev if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0
    return (
        oct(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        content,
        extended,
        links,
        device,
    )


@pytest.fixture
def facts() -> Callable[[Path], dict[str, tuple[object, ...]]]:
    """The function `tree`."""
    return tree
