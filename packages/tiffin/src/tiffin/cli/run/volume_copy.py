"""The first content of a volume: what the image has at the place where it is mounted."""

from __future__ import annotations

import subprocess

from tiffin.image.layers.root import DIRECTORY, Root


def copy_from_image(rootfs: str, target: str, volume: str) -> None:
    """Copies a folder of an image, with owners, modes and links; links on the way are followed inside the image only.

    Raises:
        OSError: if it cannot be copied.
    """
    with Root(rootfs) as root:
        try:
            source = root.open(target.strip("/").encode(), DIRECTORY)
        except (FileNotFoundError, NotADirectoryError):
            return
        command = ["cp", "--archive", "--reflink=auto", "--", f"/proc/self/fd/{source}/.", volume]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, pass_fds=(source,))
        except subprocess.CalledProcessError as error:
            raise OSError(f"the volume for {target!r} cannot be filled: {error.stderr.strip()}") from error
