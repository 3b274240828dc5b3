"""What must be on the disk, and mounted, before the runtime is called."""

from __future__ import annotations

import os

from tiffin.cli.containers.json_file import write_json
from tiffin.image.store.writable import mount_writable, own_mount_namespace, unmount_writable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.containers.folder import ContainerFolder
    from tiffin.cli.run.config.build import Built
    from tiffin.cli.run.config.volumes import Volume
    from tiffin.cli.run.host import Host
    from tiffin.cli.run.images import Stored


def mount_root(stored: Stored, host: Host, folder: str, *, keep: bool) -> str:
    """Mounts the root of a container in a mount namespace of this process; its path.

    Args:
        stored: the image. folder: the container's folder, which is the bundle.
        keep: what the container writes is kept after its end.

    Raises:
        OSError: for example if the disk is full.
    """
    own_mount_namespace()
    stacks = host.store.snapshots.stacks
    return mount_writable(stored.unpacked.trees, folder, stacks=stacks, rootless=host.rootless, keep=keep)


def write_bundle(built: Built, folder: str, rootfs: str) -> None:
    """Writes the files of a container, makes its volumes, and writes its config.

    Args:
        built: the config and what it needs. folder: the container's folder.
        rootfs: its mounted root, in which nothing has run yet: a new volume starts with what the image has there.

    Raises:
        OSError: for example if the disk is full.
    """
    write_files(built, rootfs)
    write_json(os.path.join(folder, "config.json"), built.config)


def write_files(built: Built, rootfs: str) -> None:
    """All of it but the config."""
    for path, text in built.files.items():
        with open(path, "wb") as file:
            file.write(text.encode(errors="surrogateescape"))
        os.chmod(path, 0o644)
    for volume in built.volumes:
        if volume.managed:
            _make(volume, rootfs)


def discard(folder: ContainerFolder) -> None:
    """Takes a container's folder away. Without the unmounting its removal would go through the mounted root."""
    unmount_writable(folder.path)
    folder.remove()


def _make(volume: Volume, rootfs: str) -> None:
    """Makes a volume; a new one starts with what the image has there, as with Docker."""
    if os.path.isdir(volume.source):
        return
    partial = f"{volume.source}.new-{os.getpid()}"
    os.makedirs(partial, mode=0o755)
    if volume.copy:
        from tiffin.cli.run.volume_copy import copy_from_image

        copy_from_image(rootfs, volume.target, partial)
    try:
        os.rename(partial, volume.source)
    except OSError:  # somebody else made it in the meantime
        if not os.path.isdir(volume.source):
            raise
        from tiffin.cli.containers.folder import remove_folder

        remove_folder(partial)
