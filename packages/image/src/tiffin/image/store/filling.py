"""Unpacking into the store, so that a kill or a power cut at any moment leaves no half image under a final name."""

from __future__ import annotations

import os

from tiffin.image.image import Image
from tiffin.image.kernel import syncfs
from tiffin.image.layers.removal import remove
from tiffin.image.store.store import description
from tiffin.image.unpack import unpack


def fill(folder: str, image: Image) -> None:
    """Unpacks an image to `folder`, which appears only when all of it is on the disk. The caller holds its lock.

    Raises:
        InvalidImage, Unsupported, OSError: as `unpack`; then nothing is left.
    """
    partial = folder + ".partial"
    discard(partial)
    os.mkdir(partial, 0o711)
    try:
        _fill(partial, image)
        os.rename(partial, folder)
    except BaseException:
        discard(partial)
        raise
    _sync(os.path.dirname(folder))


def _fill(partial: str, image: Image) -> None:
    rootfs = os.path.join(partial, "rootfs")
    os.mkdir(rootfs, 0o755)
    left_out = unpack(image, rootfs)
    with open(os.path.join(partial, "image.json"), "wb") as file:
        file.write(description(image, dict(left_out)))
    descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs(descriptor)
    finally:
        os.close(descriptor)


def discard(folder: str) -> None:
    """Removes a folder of the store with all that is in it; a missing one is fine.

    It loses its name first, so that nobody finds it half removed.
    """
    above, name = os.path.split(folder)
    parent = os.open(above, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not name.endswith((".partial", ".removed")):
            remove(parent, os.fsencode(f"{name}.removed"))
            try:
                os.rename(name, f"{name}.removed", src_dir_fd=parent, dst_dir_fd=parent)
            except FileNotFoundError:
                return
            name += ".removed"
        remove(parent, os.fsencode(name))
    finally:
        os.close(parent)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
