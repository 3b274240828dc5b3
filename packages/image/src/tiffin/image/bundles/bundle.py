"""`Bundle`: what is remembered of an unpacked image, beside its config.json and rootfs, to make an image of it again.

<bundle>/rootfs          the tree; it may be changed
         config.json     for a runtime
         tiffin.tree     what the tree was: see `tree_record`
         tiffin.json     written last: the image, and how it was unpacked
"""

from __future__ import annotations

import os
from typing import Any

from tiffin.image.bundles.id_maps import check_maps
from tiffin.image.digest import split_digest
from tiffin.image.documents import Descriptor, descriptor_of, tree_of
from tiffin.image.errors import InvalidArgument, InvalidImage, NotFound
from tiffin.image.layers.owners import IdMaps, IdRange, Ownership
from tiffin.image.metadata.images import descriptor_tree
from tiffin.image.transports.folder import Folder, read_document
from tiffin.image.transports.unfinished import write_whole
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import encode

FACTS, CONFIG, ROOTFS = "tiffin.json", "config.json", "rootfs"
VERSION = 1


class Bundle(Record):
    """An unpacked image.

    path: of the bundle. name: what a person called the image. manifest: of the image. ids: how the ids in the layers
    were mapped; None where they stayed. ownership: what became of owners. left_out: what could not be had, counted.
    tree: the digest of the file that says what the tree was.
    """

    path: str
    name: str
    manifest: Descriptor
    ids: IdMaps | None
    ownership: Ownership
    left_out: dict[str, int]
    tree: str

    @property
    def rootfs(self) -> str:
        """The path of the tree."""
        return os.path.join(self.path, ROOTFS)

    @property
    def tree_file(self) -> str:
        """The path of the file that says what the tree was."""
        return os.path.join(self.path, f"{split_digest(self.tree)[1]}.tree")


def write_bundle(bundle: Bundle) -> None:
    """Writes `tiffin.json`. Raises OSError."""
    tree: dict[str, Any] = {
        "version": VERSION,
        "image": bundle.name,
        "manifest": descriptor_tree(bundle.manifest),
        "ownership": bundle.ownership.value,
        "leftOut": bundle.left_out,
        "tree": bundle.tree,
    }
    if bundle.ids is not None:
        tree["uidMappings"], tree["gidMappings"] = map(mappings_tree, (bundle.ids.uids, bundle.ids.gids))
    write_whole(os.path.join(bundle.path, FACTS), encode(tree, indent=1).encode() + b"\n")


def read_bundle(path: str) -> Bundle:
    """What is remembered of a bundle.

    Raises:
        NotFound: if there is no bundle of ours.
        InvalidImage: if it is damaged, or of a later version.
    """
    try:
        data = read_document(Folder(path), FACTS)
    except NotFound as error:
        raise NotFound(f"{path!r} is no bundle that was unpacked here: it has no {FACTS}") from error
    what = os.path.join(path, FACTS)
    tree = tree_of(data, what)
    if tree.get("version") != VERSION:
        raise InvalidImage(f"{what!r} is of version {tree.get('version')!r}; {VERSION} can be read")
    try:
        return _bundle(path, tree, what)
    except (KeyError, TypeError, ValueError, OverflowError, InvalidArgument) as error:
        raise InvalidImage(f"{what!r} is damaged: unpack the image again ({error!r})") from error


def _bundle(path: str, tree: dict[str, Any], what: str) -> Bundle:
    split_digest(str(tree["tree"]), what)
    ids = None
    if "uidMappings" in tree:
        ids = IdMaps(_ranges(tree["uidMappings"]), _ranges(tree["gidMappings"]))
        check_maps(ids)
    return Bundle(
        path,
        str(tree["image"]),
        descriptor_of(tree["manifest"], what),
        ids,
        Ownership(tree["ownership"]),
        dict(tree["leftOut"]),
        str(tree["tree"]),
    )


def mappings_tree(ranges: tuple[IdRange, ...]) -> list[dict[str, int]]:
    """Id maps as runtime-spec writes them (config-linux.md, "User namespace mappings")."""
    return [{"containerID": one.container, "hostID": one.host, "size": one.size} for one in ranges]


def _ranges(rows: list[dict[str, int]]) -> tuple[IdRange, ...]:
    return tuple(IdRange(int(row["containerID"]), int(row["hostID"]), int(row["size"])) for row in rows)
