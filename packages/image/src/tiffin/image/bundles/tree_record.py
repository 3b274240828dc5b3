"""What a tree was at one moment, in a file: enough to tell later what has changed, without a second tree.

A line of JSON for each file, in the order of a walk. Bytes are written as the characters of the same numbers
(Latin-1), since names need not be UTF-8. A regular file has the digest of its content, for the case that its inode
number or its time of change are others by then: after `cp -a`, for example.
"""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any

from tiffin.image.errors import DataLoss
from tiffin.image.layers.diff.file_info import FileInfo
from tiffin.image.layers.diff.overlay import OverlayBelow
from tiffin.image.layers.diff.tree import Cursor, FileOpener
from tiffin.image.layers.diff.walk import changes_since
from tiffin.image.transports.unfinished import UnfinishedFile
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import JSONError, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin.image.layers.diff.change import Change

BLOCK = 1024 * 1024
TICK = 20_000_000  # nanoseconds: more than the kernel's clock for times of files takes for a step
NOT_ON_DISK = -1  # in the place of a device number: no file has this identity


class Recorded(Record):
    """A file as it was. digest: of its content, "" for what has none."""

    info: FileInfo
    digest: str


def record_tree(rootfs: str, folder: str) -> str:
    """Writes what a tree is to a file in `folder`, which is called by its digest; the digest. Raises OSError."""
    whole = hashlib.sha256()
    digests: dict[bytes, str] = {}
    with UnfinishedFile(folder) as unfinished, FileOpener() as opener:
        with open(unfinished.file.fileno(), "wb", closefd=False) as file:
            for name, info, change in _files(rootfs):
                digest = _digest_of_change(change, digests, opener) if change and info.is_regular else ""
                line = encode(_line(name, info, digest)).encode() + b"\n"
                whole.update(line)
                file.write(line)
        unfinished.publish(os.path.join(folder, f"{whole.hexdigest()}.tree"))
    return f"sha256:{whole.hexdigest()}"


def _files(rootfs: str) -> Iterator[tuple[bytes, FileInfo, Change | None]]:
    with Cursor(rootfs) as cursor:
        root = cursor.look(b".")
        if root is None:
            raise AssertionError("an open directory has itself")
        yield b"", root, None
    for change in changes_since(OverlayBelow(()), rootfs):
        if change.path and change.info is not None:
            yield change.path, change.info, change


def _digest_of_change(change: Change, digests: dict[bytes, str], opener: FileOpener) -> str:
    """Another name of a file that was read is not read again."""
    if change.link:
        return digests[change.link]
    if change.tree is None or change.info is None:
        raise AssertionError("a regular file has content")
    digest = content_digest(opener.open(change.tree, change.path))
    if change.info.links > 1:
        digests[change.path] = digest
    return digest


def content_digest(descriptor: int) -> str:
    """The digest of what an open file has; it is closed. Raises OSError."""
    found = hashlib.sha256()
    try:
        while data := os.read(descriptor, BLOCK):
            found.update(data)
    finally:
        os.close(descriptor)
    return found.hexdigest()


def _line(path: bytes, info: FileInfo, digest: str) -> list[Any]:
    # a change within the same step of the clock would not show: then only the content counts
    ctime = info.ctime if info.ctime < time.time_ns() - TICK else 0
    return [
        path.decode("latin-1"),
        info.mode,
        info.uid,
        info.gid,
        info.size,
        info.mtime,
        ctime,
        info.device,
        info.identity[1],
        info.target.decode("latin-1"),
        {_text(name): value.decode("latin-1") for name, value in info.xattrs.items()},
        digest,
    ]


def _text(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("latin-1")


class RecordedBelow:
    """`Below` of a file that `record_tree` wrote.

    Raises:
        DataLoss: if it is not what it was.
        OSError: if it cannot be read.
    """

    def __init__(self, path: str, digest: str) -> None:
        self._folders: dict[bytes, dict[bytes, Recorded]] = {}
        self._above: list[bytes] = []
        self._folder = b""
        whole = hashlib.sha256()
        with open(path, "rb") as file:
            for line in file:
                whole.update(line)
                self._take(line, path)
        if f"sha256:{whole.hexdigest()}" != digest:
            raise _damaged(path)

    def _take(self, line: bytes, path: str) -> None:
        try:
            fields = decode(line)
            if not isinstance(fields, list):
                raise _damaged(path)
            name, recorded = _recorded(fields)
        except (JSONError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise _damaged(path) from error
        above, _, base = name.rpartition(b"/")
        self._folders.setdefault(above, {})[base or b"."] = recorded

    def names(self) -> list[bytes]:
        """As the protocol says."""
        return [name for name in self._folders.get(self._folder, ()) if name != b"."]

    def find(self, name: bytes) -> FileInfo | None:
        """As the protocol says."""
        recorded = self._find(name)
        return None if recorded is None else recorded.info

    def same_content(self, name: bytes, new: FileInfo, open_new: Callable[[], int]) -> bool:
        """By inode number and time of change, which nobody can set; else by the content."""
        recorded = self._find(name)
        if recorded is None:
            raise AssertionError("only what was found is compared")
        old = recorded.info
        if old.ctime and (old.ctime, old.identity[1]) == (new.ctime, new.identity[1]):
            return True
        return content_digest(open_new()) == recorded.digest

    def enter(self, name: bytes) -> None:
        """As the protocol says."""
        self._above.append(self._folder)
        self._folder = b"%s/%s" % (self._folder, name) if self._folder else name

    def leave(self) -> None:
        """As the protocol says."""
        self._folder = self._above.pop()

    def _find(self, name: bytes) -> Recorded | None:
        return self._folders.get(self._folder, {}).get(name)


def _recorded(fields: list[Any]) -> tuple[bytes, Recorded]:
    """A line taken apart. Raises ValueError, TypeError, AttributeError or OverflowError if it is none."""
    path, mode, uid, gid, size, mtime, ctime, device, inode, target, xattrs, digest = fields
    info = FileInfo(
        int(mode),
        int(uid),
        int(gid),
        int(size),
        int(mtime),
        int(ctime),
        int(device),
        (NOT_ON_DISK, int(inode)),
        1,
        target.encode("latin-1"),
        {_name(name): value.encode("latin-1") for name, value in xattrs.items()},
        {},
    )
    return path.encode("latin-1"), Recorded(info, str(digest))


def _name(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def _damaged(path: str) -> DataLoss:
    return DataLoss(f"{path!r} is not what it was when the image was unpacked: unpack it again")
