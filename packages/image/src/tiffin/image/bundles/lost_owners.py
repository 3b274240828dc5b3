"""Owners that the files of an ordinary user's bundle could not be given: the layers are asked for them at a repack.

umoci keeps them in an attribute of each file, `user.rootlesscontainers`, which symbolic links and many file systems
cannot have. What was changed keeps its owner here; what is new is root's.
"""

from __future__ import annotations

from tiffin.image.decompress import decompressed
from tiffin.image.layers.diff.change import Kind
from tiffin.image.layers.limits import Limits
from tiffin.image.layers.names import clean
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.tar.entry import HARD_LINK
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source
from tiffin.image.unpack import BLOCK, Bounded, Measured
from tiffin.image.verified import VerifiedReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tiffin.image.bundles.bundle import Bundle
    from tiffin.image.image import Image, Layer
    from tiffin.image.layers.diff.change import Change
    from tiffin.image.layers.owners import IdMaps

COUNTED = "owners"  # as `LayerWriter.left_out` has it
ROOT = (0, 0)


def has_lost_owners(bundle: Bundle) -> bool:
    """Whether some file belongs to the caller that is another's in its image."""
    return bundle.ownership is Ownership.SQUASH and bundle.left_out.get(COUNTED, 0) > 0


def owners_of(image: Image) -> dict[bytes, tuple[int, int]]:
    """The owners of an image's files by path, but for root's.

    Raises:
        InvalidImage: if a layer is not what its digest says, or broken. Unsupported, OSError: as `unpack`.
    """
    found: dict[bytes, tuple[int, int]] = {}
    for number, layer in enumerate(image.layers, 1):
        _read(layer, f"layer {number} of {len(image.layers)} of {image.name!r}", found)
    return found


def _read(layer: Layer, what: str, found: dict[bytes, tuple[int, int]]) -> None:
    with layer.open() as file:
        stored = Measured(file)
        plain = VerifiedReader(
            Bounded(decompressed(stored), stored, Limits()), layer.diff_id, None, f"{what}, uncompressed,"
        )
        for entry in TarReader(Source(plain)).entries():
            path, owner = clean(entry.name), (entry.uid, entry.gid)
            if entry.type == HARD_LINK:  # its owner is that of the file that it is a name of
                continue
            if owner == ROOT:
                found.pop(path, None)
            else:
                found[path] = owner
        while plain.read(BLOCK):  # what is after the end of the archive counts for the digest
            pass


def with_owners(
    changes: Iterable[Change], owners: Mapping[bytes, tuple[int, int]], ids: IdMaps
) -> Iterator[Change]:
    """The changes with ids of the container. owners: as of `owners_of`. ids: how the bundle's are mapped."""
    for change in changes:
        info = change.info
        if info is None:
            yield change
            continue
        owner = ids.to_container(info.uid, info.gid)
        if owner == ROOT and change.kind is Kind.MODIFIED:
            owner = owners.get(change.path, ROOT)
        yield change.replace(info=info.replace(uid=owner[0], gid=owner[1]))
