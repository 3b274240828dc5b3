"""What must be on the disk, and mounted, before the runtime is called."""

from __future__ import annotations

import os

from tiffin.image.store.writable import mount_writable, own_mount_namespace, unmount_writable
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.containers.folder import ContainerFolder
    from tiffin.cli.run.config.build import Built
    from tiffin.cli.run.config.volumes import Volume


def prepare(built: Built, folder: str, image_rootfs: str, *, rootless: bool, keep: bool) -> None:
    """Writes the files of a container, makes its volumes, and mounts its root in a mount namespace of this process.

    Args:
        built: the config and what it needs.
        folder: the container's folder, which is the bundle.
        image_rootfs: the unpacked image.
        rootless: root only in a user namespace.
        keep: what the container writes is kept after its end.

    Raises:
        OSError: for example if the disk is full.
    """
    for path, text in built.files.items():
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o644)
    for volume in built.volumes:
        if volume.managed:
            _make(volume, image_rootfs)
    own_mount_namespace()
    mount_writable(image_rootfs, folder, rootless=rootless, keep=keep)
    with open(os.path.join(folder, "config.json"), "w") as file:
        file.write(encode(built.config))


def discard(folder: ContainerFolder) -> None:
    """Takes a container's folder away. Without the unmounting its removal would go through the mounted root."""
    unmount_writable(folder.path)
    folder.remove()


def _make(volume: Volume, image_rootfs: str) -> None:
    """Makes a volume; a new one starts with what the image has there, as with Docker."""
    if os.path.isdir(volume.source):
        return
    partial = f"{volume.source}.new-{os.getpid()}"
    os.makedirs(partial, mode=0o755)
    if volume.copy:
        from tiffin.cli.run.volume_copy import copy_from_image

        copy_from_image(image_rootfs, volume.target, partial)
    try:
        os.rename(partial, volume.source)
    except OSError:  # somebody else made it in the meantime
        if not os.path.isdir(volume.source):
            raise
        from tiffin.cli.containers.folder import remove_folder

        remove_folder(partial)
