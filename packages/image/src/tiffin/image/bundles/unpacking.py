"""`unpack_bundle`: an image as a runtime bundle, with what is needed to make an image of it again."""

from __future__ import annotations

import os
from contextlib import ExitStack

from tiffin.image.bundles.bundle import CONFIG, ROOTFS, Bundle, write_bundle
from tiffin.image.bundles.runtime_config import runtime_config
from tiffin.image.bundles.source_image import read_image
from tiffin.image.bundles.tree_record import record_tree
from tiffin.image.errors import AlreadyExists
from tiffin.image.layers.owners import IdMaps, IdRange, Ownership
from tiffin.image.layers.removal import remove
from tiffin.image.unpack import unpack
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Platform
    from tiffin.image.layers.limits import Limits
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.spec.bundle import ContainerOptions


class UnpackOptions(Record):
    """How to unpack.

    platform: this machine's if None. ownership: whatever this process may do if None. ids: how the ids in the layers
    are mapped; None where they stay. limits: how much each layer may be. container: for config.json.
    """

    platform: Platform | None = None
    ownership: Ownership | None = None
    ids: IdMaps | None = None
    limits: Limits | None = None
    container: ContainerOptions | None = None


def unpack_bundle(source: ImageSource, target: str, options: UnpackOptions | None = None) -> Bundle:
    """Unpacks an image.

    Args:
        source: where it is.
        target: the bundle; an empty folder, or none yet. It is for its owner alone, as all may be set-user-id in it.
        options: how.

    Raises:
        AlreadyExists: if something is at `target`.
        NotFound, InvalidImage, Unsupported, OSError: as `unpack`; then nothing of it is left.
    """
    options = options or UnpackOptions()
    image = read_image(source, options.platform)
    ownership = options.ownership or Ownership.possible()
    with ExitStack() as undo:
        _make_folder(target, undo)
        rootfs = os.path.join(target, ROOTFS)
        os.mkdir(rootfs)
        os.chmod(rootfs, 0o755)  # noqa: S103  # a root directory; whatever the umask
        _give_root(rootfs, ownership, options.ids)
        left_out = unpack(image.unpackable(), rootfs, ownership, ids=options.ids, limits=options.limits)
        ids = _one_id() if ownership is Ownership.SQUASH else options.ids
        config = runtime_config(image.config.tree, rootfs, ids, options.container)
        with open(os.path.join(target, CONFIG), "w") as file:
            file.write(encode(config, indent=1) + "\n")
        digest = record_tree(rootfs, target)
        bundle = Bundle(
            os.path.abspath(target),
            source.name,
            image.descriptor.replace(annotations={}),
            ids,
            ownership,
            dict(left_out),
            digest,
        )
        write_bundle(bundle)
        undo.pop_all()
    return bundle


def _make_folder(path: str, undo: ExitStack) -> None:
    """The bundle's folder; `undo` takes away what is in it, and itself if it was made."""
    try:
        os.makedirs(path, mode=0o700)
        undo.callback(os.rmdir, path)
    except FileExistsError as error:
        if not os.path.isdir(path) or os.listdir(path):
            raise AlreadyExists(f"{path!r} is there already: a bundle needs an empty folder") from error
    undo.callback(_empty, path)


def _empty(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in os.listdir(descriptor):
            remove(descriptor, os.fsencode(name))
    finally:
        os.close(descriptor)


def _give_root(rootfs: str, ownership: Ownership, ids: IdMaps | None) -> None:
    """No layer need say whose the root directory is: it is the container's root's."""
    if ids is not None and ownership is not Ownership.SQUASH:
        os.chown(rootfs, *ids.to_host(0, 0)[:2])


def _one_id() -> IdMaps:
    """The caller is the container's root, and there is nobody else."""
    return IdMaps((IdRange(0, os.geteuid(), 1),), (IdRange(0, os.getegid(), 1),))
