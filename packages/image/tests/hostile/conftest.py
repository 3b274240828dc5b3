"""A root to unpack hostile images to, with a tree beside it that nobody may touch; archives made byte by byte."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.conftest import tree

from tiffin.image.documents import ImageConfig, Platform
from tiffin.image.image import Image, Layer
from tiffin.image.layers.limits import Limits
from tiffin.image.layers.owners import Ownership
from tiffin.image.unpack import unpack
from tiffin_testing.images import digest

BLOCK = 512
END = bytes(2 * BLOCK)
LIMITS = Limits(entries=50_000, size=1 << 30, ratio=200, free=64 * 1024**2)


def block(
    name: bytes = b"f",
    *,
    mode: bytes = b"0000644\0",
    uid: bytes = b"0000000\0",
    size: bytes = b"00000000000\0",
    mtime: bytes = b"00000000000\0",
    kind: bytes = b"0",
    target: bytes = b"",
    magic: bytes = b"ustar\x0000",
    device: bytes = b"0000000\0" * 2,
    prefix: bytes = b"",
    checksum: bytes | None = None,
) -> bytes:
    """A header of which each field can be anything; the checksum is right unless one is given."""
    fields = [
        name.ljust(100, b"\0"), mode, uid, b"0000000\0", size, mtime, b" " * 8, kind, target.ljust(100, b"\0"),
        magic, bytes(64), device, prefix.ljust(155, b"\0"), bytes(12),
    ]  # fmt: skip
    data = b"".join(fields)
    assert len(data) == BLOCK
    written = b"%06o\0 " % sum(data) if checksum is None else checksum
    return data[:148] + written + data[156:]


def octal(number: int) -> bytes:
    """The field of a size."""
    return b"%011o\0" % number


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def extra(data: bytes, kind: bytes = b"x", size: bytes | None = None) -> bytes:
    """A pax or GNU header with any content, and any size."""
    return block(b"extra", kind=kind, size=octal(len(data)) if size is None else size) + padded(data)


def record(key: bytes, value: bytes) -> bytes:
    """A pax record of the right length."""
    size = len(key) + len(value) + 3
    while size != len(key) + len(value) + 3 + len(str(size)):
        size = len(key) + len(value) + 3 + len(str(size))
    return b"%d %s=%s\n" % (size, key, value)


class Jail:
    """A folder that holds the root, and beside it what must stay as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        (folder / "secret").write_bytes(b"untouched")
        (folder / "secret").chmod(0o640)
        (folder / "canary/d").mkdir(parents=True)
        (folder / "canary/d/f").write_bytes(b"alive")
        (folder / "canary/l").symlink_to("../secret")
        for path in (folder / "secret", folder / "canary/d", folder / "canary"):
            os.utime(path, (1, 2))
        self.before = self.beside()

    def beside(self) -> dict[str, tuple[object, ...]]:
        """All facts of the tree beside the root, and the names in the folder above."""
        found: dict[str, tuple[object, ...]] = dict(tree(self.folder / "canary"))
        secret = (self.folder / "secret").lstat()
        found["secret"] = (secret.st_mode, secret.st_nlink, secret.st_mtime_ns, secret.st_uid)
        found["content"] = ((self.folder / "secret").read_bytes(),)
        found["names"] = (sorted(os.listdir(self.folder)), sorted(os.listdir(self.folder.parent)))
        return found

    def unpack(
        self,
        *layers: bytes,
        ownership: Ownership | None = None,
        limits: Limits | None = LIMITS,
        stored: Sequence[bytes] | None = None,
    ) -> dict[str, int]:
        """Unpacks an image with these layers, `stored` if they are compressed; what was left out."""
        parts = [
            Layer(digest(plain), digest(data), len(data), _opener(data))
            for plain, data in zip(layers, stored or layers, strict=True)
        ]
        config = ImageConfig(digest(b"{}"), 2, {}, Platform("linux", "amd64"), ())
        return dict(unpack(Image("hostile", config, tuple(parts)), str(self.root), ownership, limits=limits))

    def names(self) -> list[str]:
        """What is in the root."""
        found = []
        for above, folders, files in os.walk(os.fsencode(self.root)):
            for name in folders + files:
                path = os.path.join(above, name)[len(os.fsencode(self.root)) + 1 :]
                found.append(path.decode("utf-8", "backslashreplace"))
        return sorted(found)


def _opener(data: bytes) -> Callable[[], Any]:
    return lambda: io.BytesIO(data)


@pytest.fixture
def jail(tmp_path: Path) -> Iterator[Jail]:
    """An empty root; afterwards, nothing beside it may have changed."""
    made = Jail(tmp_path / "above" / "jail")
    yield made
    assert made.beside() == made.before
