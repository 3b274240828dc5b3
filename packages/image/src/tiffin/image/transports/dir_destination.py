"""skopeo's `dir:` as a destination. manifest.json comes last; what an earlier image had goes after that."""

from __future__ import annotations

import os
import re

from tiffin.image.digest import split_digest
from tiffin.image.errors import FailedPrecondition
from tiffin.image.transports.dir_source import VERSION
from tiffin.image.transports.incoming import holds, take
from tiffin.image.transports.unfinished import write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.incoming import OpenAt

OURS = re.compile(r"[0-9a-f]{64,128}(\.manifest\.json)?|signature-\d+")


class DirDestination:
    """Args: folder: the image's; empty, missing, or with another image, which is replaced. name: for messages.

    Raises:
        FailedPrecondition: if something else is in the folder.
    """

    def __init__(self, folder: str, name: str) -> None:
        self.name = name
        self._folder = folder
        self._written: set[str] = set()
        if os.path.isdir(folder) and os.listdir(folder) and not os.path.exists(self._path("version")):
            raise FailedPrecondition(
                f"{folder!r} has something else in it than an image: it is left as it is"
            )

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Whether it is there and undamaged."""
        encoded = split_digest(descriptor.digest)[1]
        if not holds(self._path(encoded), descriptor):
            return False
        self._written.add(encoded)
        return True

    def mount_blob(self, descriptor: Descriptor, source: ImageSource) -> bool:  # noqa: ARG002  # the protocol's
        """Never."""
        return False

    def write_blob(self, descriptor: Descriptor, open_at: OpenAt) -> None:
        """Raises DigestMismatch, OSError; then nothing is kept."""
        encoded = split_digest(descriptor.digest)[1]
        self._begin()
        with take(self._folder, descriptor, open_at) as unfinished:
            unfinished.publish(self._path(encoded))
        self._written.add(encoded)

    def write_manifest(self, descriptor: Descriptor, data: bytes, *, tagged: bool) -> None:
        """The tagged one is the image's."""
        self._begin()
        name = "manifest.json" if tagged else f"{split_digest(descriptor.digest)[1]}.manifest.json"
        write_whole(self._path(name), data)
        self._written.add(name)
        if tagged:
            for old in os.listdir(self._folder):
                if OURS.fullmatch(old) and old not in self._written:
                    os.unlink(self._path(old))

    def _begin(self) -> None:
        if not os.path.exists(self._path("version")):
            os.makedirs(self._folder, exist_ok=True)
            write_whole(self._path("version"), VERSION.encode())

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)
