"""`unpack_bundle`: an image as a runtime bundle, with what is needed to make an image of it again."""

from __future__ import annotations

import os
from contextlib import ExitStack

from tiffin.image.bundles.bundle import CONFIG, ROOTFS, Bundle, write_bundle
from tiffin.image.bundles.id_maps import check_maps
from tiffin.image.bundles.runtime_config import runtime_config
from tiffin.image.bundles.source_image import read_image
from tiffin.image.bundles.tree_record import record_tree
from tiffin.image.errors import AlreadyExists, InvalidArgument
from tiffin.image.layers.owners import IdMaps, IdRange, Ownership
from tiffin.image.layers.removal import empty
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

    platform: this machine's if None. ownership: whatever this process may do if None. ids: of the container's user
    namespace; None for none, or where all belongs to the caller (SQUASH) for the caller alone, who must be root in it.
    limits: how much each layer may be. container: for config.json.
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
        target: the bundle; an empty folder, or none yet. What is made here is for its owner alone, since all may be
            set-user-id in it; an empty folder stays as open as it is.
        options: how.

    Raises:
        InvalidArgument: for id maps that cannot be.
        AlreadyExists: if something is at `target`.
        NotFound, InvalidImage, Unsupported, OSError: as `unpack`; then nothing of it is left but the folders above.
    """
    options = options or UnpackOptions()
    ownership = options.ownership or Ownership.possible()
    ids = _ids(options.ids, ownership)
    layer_ids = None if ownership is Ownership.SQUASH else ids
    image = read_image(source, options.platform)
    with ExitStack() as undo:
        _make_folder(target, undo)
        rootfs = os.path.join(target, ROOTFS)
        os.mkdir(rootfs)
        os.chmod(rootfs, 0o755)  # noqa: S103  # a root directory; whatever the umask
        if (
            layer_ids is not None
        ):  # no layer need say whose the root directory is: it is the container's root's
            os.chown(rootfs, *layer_ids.to_host(0, 0)[:2])
        left_out = unpack(image.unpackable(), rootfs, ownership, ids=layer_ids, limits=options.limits)
        config = runtime_config(image.config.tree, rootfs, ids, options.container)
        with open(os.path.join(target, CONFIG), "wb") as file:  # not as text: JSON is UTF-8 in any locale
            file.write(encode(config, indent=1).encode() + b"\n")
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
    undo.callback(empty, path)


def _ids(given: IdMaps | None, ownership: Ownership) -> IdMaps | None:
    """The maps of the container's user namespace, None if it has none. Raises InvalidArgument."""
    caller = os.geteuid(), os.getegid()
    if given is None:
        return _one_id(*caller) if ownership is Ownership.SQUASH else None
    check_maps(given)
    if ownership is Ownership.SQUASH and given.to_host(0, 0)[:2] != caller:
        raise InvalidArgument(
            "all files will belong to the caller {}:{}, but the id maps make somebody else root".format(
                *caller
            )
        )
    return given


def _one_id(uid: int, gid: int) -> IdMaps:
    """The caller is the container's root, and there is nobody else."""
    return IdMaps((IdRange(0, uid, 1),), (IdRange(0, gid, 1),))
