"""`Survey`: what is in an app container image, found by reading all of it once, and whether it may be there."""

from __future__ import annotations

import os

from tiffin.image.aci.manifest import ImageManifest, manifest_of
from tiffin.image.aci.names import MANIFEST, ROOTFS, ancestors, below_rootfs, parts_of
from tiffin.image.aci.streams import opened
from tiffin.image.documents import MOST_BYTES
from tiffin.image.errors import InvalidImage
from tiffin.image.layers.create import CREATORS, REGULAR
from tiffin.image.layers.tar.entry import DIRECTORY, HARD_LINK, Entry
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.layers.limits import Limits

MOST_NAMES = 256 * 1024 * 1024  # bytes of all names: they are held in memory
TYPES = frozenset((*REGULAR, *CREATORS, DIRECTORY))


class Member(Record):
    """A file in the root. target: the path of the file that a hard link is another name of; it is no link itself."""

    type: bytes
    target: bytes
    uid: int
    gid: int


class Survey(Record):
    """An image that was read. image_id: `sha512-...`. stored, size: bytes, as the file has them, and uncompressed."""

    path: str
    manifest: ImageManifest
    image_id: str
    stored: int
    size: int
    members: dict[bytes, Member]


def read_manifest(path: str, limits: Limits) -> ImageManifest:
    """The manifest alone; nothing after it is read.

    Raises:
        InvalidImage, Unsupported, OSError: as `survey`.
    """
    with opened(path, limits) as stream:
        archive = TarReader(Source(stream, limits.size))
        for count, entry in enumerate(archive.entries(), 1):
            limits.check_entries(count)
            if parts_of(entry.name) == [MANIFEST]:
                return _manifest(archive, entry)
        raise InvalidImage("there is no manifest in it")


def survey(path: str, limits: Limits) -> Survey:
    """Reads an image.

    Args:
        path: the file.
        limits: how much it may be.

    Raises:
        InvalidImage: if it is none, is broken, has something that an image may not have, or is over the limits.
        Unsupported: for a version or a compression that cannot be read here.
        OSError: if there is no such file, or the like.
    """
    with opened(path, limits) as stream:
        manifests: list[ImageManifest] = []
        members = _Members()
        archive = TarReader(Source(stream, limits.size))
        for count, entry in enumerate(archive.entries(), 1):
            limits.check_entries(count)
            parts = parts_of(entry.name)
            if parts == [MANIFEST]:
                manifests.append(_manifest(archive, entry))
            elif parts:
                members.add(entry)
        if len(manifests) != 1:
            raise InvalidImage(f"it must have one manifest, it has {len(manifests)}")
        found = members.checked()
        identity = stream.finish()
        return Survey(path, manifests[0], identity, os.stat(path).st_size, stream.seen, found)


def _manifest(archive: TarReader, entry: Entry) -> ImageManifest:
    if entry.type not in REGULAR or entry.extents is not None:
        raise InvalidImage("its manifest is no regular file")
    if entry.size > MOST_BYTES:
        raise InvalidImage(f"its manifest has {entry.size} bytes; at most {MOST_BYTES} are read")
    return manifest_of(b"".join(archive.content()), "its manifest")


class _Members:
    """Collects the files of one image."""

    def __init__(self) -> None:
        self._found: dict[bytes, Member] = {}
        self._bytes = 0

    def add(self, entry: Entry) -> None:
        """Takes an entry. Raises InvalidImage."""
        path = below_rootfs(entry.name)
        if entry.type not in TYPES:
            raise InvalidImage(f"{entry.shown} is of the unknown type {entry.type!r}")
        if not path and entry.type != DIRECTORY:
            raise InvalidImage(f"its {ROOTFS.decode()} is no directory")
        if path in self._found and path:
            raise InvalidImage(f"{entry.shown} is there twice")
        self._bytes += len(path)
        if self._bytes > MOST_NAMES:
            raise InvalidImage(f"its names have more than {MOST_NAMES} bytes")
        target = self._target(entry) if entry.type == HARD_LINK else b""
        self._found[path] = Member(entry.type, target, entry.uid, entry.gid)

    def _target(self, entry: Entry) -> bytes:
        path = below_rootfs(entry.target)
        target = self._found.get(path)
        if target is None or target.type == DIRECTORY:
            raise InvalidImage(f"the hard link {entry.shown} is to no file that comes before it: {path!r}")
        return target.target or path

    def checked(self) -> dict[bytes, Member]:
        """All of them. Raises InvalidImage if there are none, or one is below something that is no directory."""
        if not self._found:
            raise InvalidImage("there is no rootfs in it")
        for path in self._found:
            for above in ancestors(path):
                member = self._found.get(above)
                if member is not None and member.type != DIRECTORY:
                    raise InvalidImage(f"{path!r} is below {above!r}, which is no directory")
                if member is not None:
                    break
        return self._found
