"""`Space`: a tmpfs with folders to mount at, in a mount namespace of one thread. It ends with the thread."""

from __future__ import annotations

import os

from tiffin.image.building.execute.mounting import own_mount_namespace
from tiffin.image.kernel import mount

FOLDERS = ("root", "from")


class Space:
    """Used by one thread. Args: point: an empty folder; outside of the thread it stays empty."""

    def __init__(self, point: str) -> None:
        self._point = point
        self._made = False

    def folder(self, name: str) -> str:
        """One of FOLDERS; with the first one the namespace is made. Raises Unsupported, OSError."""
        if not self._made:
            own_mount_namespace()
            mount("tmpfs", self._point, "tmpfs", 0, "mode=755")
            for one in FOLDERS:
                os.mkdir(os.path.join(self._point, one))
            self._made = True
        return os.path.join(self._point, name)
