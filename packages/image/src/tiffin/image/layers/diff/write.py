"""`write_layer`: changes as a tar archive, the same bytes for the same changes. Source: image-spec `layer.md`."""

from __future__ import annotations

import os
import stat

from tiffin.image.errors import FailedPrecondition, InvalidArgument
from tiffin.image.layers.attributes import CAPABILITY, capability_of
from tiffin.image.layers.diff.change import Change, Kind
from tiffin.image.layers.diff.header import header
from tiffin.image.layers.diff.holes import extents_of, map_of, sparse_entry, sparse_records
from tiffin.image.layers.diff.tree import FileOpener
from tiffin.image.layers.names import OPAQUE_MARKER, WHITEOUT_PREFIX
from tiffin.image.layers.tar import entry as kinds
from tiffin.image.layers.tar.entry import BLOCK, NANOSECONDS, Entry, Extent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from typing import Protocol

    from tiffin.image.layers.diff.file_info import FileInfo
    from tiffin.image.layers.owners import IdMaps

    class Writable(Protocol):
        """What a stream must be able to do here."""

        def write(self, data: bytes | memoryview, /) -> object:
            """Takes `data`; a number that is returned says how much of it."""


TYPES = {
    stat.S_IFREG: kinds.REGULAR,
    stat.S_IFLNK: kinds.SYMBOLIC_LINK,
    stat.S_IFDIR: kinds.DIRECTORY,
    stat.S_IFCHR: kinds.CHARACTER,
    stat.S_IFBLK: kinds.BLOCK_DEVICE,
    stat.S_IFIFO: kinds.FIFO,
}
PIECE = 1024 * 1024
END = bytes(2 * BLOCK)


def write_layer(
    changes: Iterable[Change],
    stream: Writable,
    *,
    ids: IdMaps | None = None,
    source_date_epoch: int | None = None,
) -> None:
    """Writes a layer, uncompressed. No changes make an empty archive.

    Args:
        changes: in the order of `tree_changes`: a directory before what is in it, the target of a link before it.
        stream: takes the archive.
        ids: how the ids of the container became those of the tree; None where they are the same.
        source_date_epoch: seconds since 1970; later times become this (reproducible-builds.org).

    Raises:
        FailedPrecondition: for a file that changes meanwhile, or that is called like a whiteout.
        Unsupported: for an extended attribute whose name no archive can have.
        OSError: if something cannot be read, or written.
    """
    for piece in layer_pieces(changes, ids=ids, source_date_epoch=source_date_epoch):
        write_all(stream, piece)


def write_all(stream: Writable, data: bytes) -> None:
    """Writes all of it; an unbuffered file may take less at once. Raises OSError."""
    view = memoryview(data)
    while view:
        written = stream.write(view)
        view = view[written:] if isinstance(written, int) else view[:0]


def layer_pieces(
    changes: Iterable[Change], *, ids: IdMaps | None = None, source_date_epoch: int | None = None
) -> Generator[bytes, None, None]:
    """The bytes of a layer, piece by piece; arguments and errors as those of `write_layer`."""
    entries = _Entries(ids, source_date_epoch)
    with FileOpener() as opener:
        for change in changes:
            entry = entries.of(change)
            if entry.type == kinds.REGULAR and entry.size:
                yield from _regular(change, entry, opener)
            else:
                yield header(entry)
    yield END


class _Entries:
    """Makes entries of changes."""

    def __init__(self, ids: IdMaps | None, source_date_epoch: int | None) -> None:
        self._ids = ids
        self._latest = None if source_date_epoch is None else source_date_epoch * NANOSECONDS
        self._known: dict[tuple[int, int], tuple[int, int]] = {}

    def of(self, change: Change) -> Entry:
        """One entry."""
        above, slash, base = change.path.rpartition(b"/")
        if base.startswith(WHITEOUT_PREFIX):
            raise FailedPrecondition(f"{change.shown} would be a whiteout in a layer: give it another name")
        if change.kind is Kind.DELETED:
            return _marker(b"%s%s%s%s" % (above, slash, WHITEOUT_PREFIX, base))
        if change.kind is Kind.OPAQUE:
            return _marker(b"%s/%s" % (change.path, OPAQUE_MARKER))
        if change.info is None:
            raise InvalidArgument(f"{change.shown} is no file, and was not deleted")
        return self._entry(change, change.info)

    def _entry(self, change: Change, info: FileInfo) -> Entry:
        owner = self._owner(info.uid, info.gid)
        mtime = info.mtime if self._latest is None else min(info.mtime, self._latest)
        return entry_of(change.path or b".", info.replace(mtime=mtime), owner, change.link)

    def _owner(self, uid: int, gid: int) -> tuple[int, int]:
        if self._ids is None:
            return uid, gid
        found = self._known.get((uid, gid))
        if found is None:
            found = self._known[uid, gid] = self._ids.to_container(uid, gid)
        return found


def entry_of(path: bytes, info: FileInfo, owner: tuple[int, int], link: bytes = b"") -> Entry:
    """What an archive says of a file.

    Args:
        path: in the archive, without a slash at its end. owner: uid and gid there.
        link: another path in the archive, of which it is a further name; b"" for none.
    """
    kind = kinds.HARD_LINK if link else TYPES[stat.S_IFMT(info.mode)]
    size = info.size if kind == kinds.REGULAR else 0
    return Entry(
        path + (b"/" if kind == kinds.DIRECTORY else b""),
        kind,
        stat.S_IMODE(info.mode),
        *owner,
        size,
        info.mtime,
        None,
        link or info.target,
        (os.major(info.device), os.minor(info.device)) if info.is_device else (0, 0),
        {} if link else _portable(info.xattrs),
        None,
        size,
    )


def _marker(name: bytes) -> Entry:
    return Entry(name, kinds.REGULAR, 0, 0, 0, 0, 0, None, b"", (0, 0), {}, None, 0)


def _portable(xattrs: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """File capabilities without the root user of one host's user namespace."""
    if CAPABILITY not in xattrs:
        return xattrs
    return {**xattrs, CAPABILITY: capability_of(xattrs[CAPABILITY])}


def _regular(change: Change, entry: Entry, opener: FileOpener) -> Iterator[bytes]:
    if change.tree is None:
        raise InvalidArgument(f"{change.shown} is a file, but nothing says where its content is")
    descriptor = opener.open(change.tree, change.path)
    try:
        yield from regular_pieces(entry, descriptor)
    finally:
        os.close(descriptor)


def regular_pieces(entry: Entry, descriptor: int) -> Iterator[bytes]:
    """Header and content of a regular file. Raises FailedPrecondition: it is shorter than the entry says."""
    extents = extents_of(descriptor, entry.size)
    if extents is None:
        yield header(entry)
        yield from _content(descriptor, Extent(0, entry.size), entry)
        yield bytes(-entry.size % BLOCK)
        return
    stored = map_of(extents, entry.size)
    told = sparse_entry(entry, extents, stored)
    yield header(told, sparse_records(entry, entry.size)) + stored
    for extent in extents:
        yield from _content(descriptor, extent, entry)
    yield bytes(-told.size % BLOCK)


def _content(descriptor: int, extent: Extent, entry: Entry) -> Iterator[bytes]:
    """A part of a file, exactly as long as the header says."""
    at, end = extent.start, extent.start + extent.size
    while at < end:
        data = os.pread(descriptor, min(PIECE, end - at), at)
        if not data:
            raise FailedPrecondition(
                f"{entry.shown} became shorter while it was read: let nobody write to it"
            )
        at += len(data)
        yield data
