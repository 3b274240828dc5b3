"""`Store`: unpacked images on disk, each under the chain id of its layers.

    <root>/images/<algorithm>-<chain id>/rootfs      the tree that containers share, never written to
                                        /image.json  written last: what it is
    <root>/images/<...>.partial                      being unpacked, or left by a process that was killed
    <root>/images/<...>.lock                         held by the process that unpacks
    <root>/containers/<id>/                          see `containers`

A tree is complete exactly if it has its final name. Killing at any moment leaves at most a `.partial`, which the next
unpacking replaces.
"""

from __future__ import annotations

import os

from tiffin.image.digest import digest_of
from tiffin.image.errors import InvalidImage, NotFound
from tiffin.image.store.lock import acquire
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.image.image import Image


class StoredImage(Record):
    """An unpacked image. left_out: what this user cannot have of it, counted by what it is."""

    chain_id: str
    rootfs: str
    name: str
    config_digest: str
    left_out: dict[str, int]


def default_root() -> str:
    """/var/lib/tiffin for root, $XDG_DATA_HOME/tiffin (or ~/.local/share/tiffin) for others."""
    if os.geteuid() == 0 and _is_real_root():
        return "/var/lib/tiffin"
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(data, "tiffin")


def _is_real_root() -> bool:
    """Root in a user namespace may not write where root may (user_namespaces(7))."""
    with open("/proc/self/uid_map") as file:
        return file.read().split() == ["0", "0", "4294967295"]


def chain_id(diff_ids: Sequence[str]) -> str:
    """The id of a stack of layers: image-spec `config.md`, "Layer ChainID"."""
    if not diff_ids:
        return digest_of(b"")  # no layers at all: the digest of nothing
    chain = diff_ids[0]
    for diff_id in diff_ids[1:]:
        chain = digest_of(f"{chain} {diff_id}".encode())
    return chain


class Store:
    """The store below `root`, which is made if it is missing. Several processes may use it at once."""

    def __init__(self, root: str | None = None) -> None:
        self.root = root or default_root()
        self.images = os.path.join(self.root, "images")
        self.containers = os.path.join(self.root, "containers")
        if not os.path.isdir(self.containers):
            os.makedirs(self.images, mode=0o711, exist_ok=True)
            os.makedirs(self.containers, mode=0o711, exist_ok=True)

    def find(self, image: Image) -> StoredImage | None:
        """The unpacked image, if there is one."""
        return self._read(self._folder(chain_id(image.config.diff_ids)))

    def ensure(self, image: Image) -> StoredImage:
        """The unpacked image; unpacks it first if need be. Two processes that ask at once unpack it once.

        Raises:
            InvalidImage, Unsupported, OSError: as `unpack`; then nothing is left.
        """
        found = self.find(image)
        if found is not None:
            return found
        folder = self._folder(chain_id(image.config.diff_ids))
        lock = acquire(folder + ".lock")
        if lock is None:
            raise AssertionError("a lock that was waited for is held")
        try:
            found = self._read(folder)
            if found is None:
                from tiffin.image.store.filling import fill

                fill(folder, image)
                found = self._read(folder)
        finally:
            lock.release(remove=True)
        if found is None:
            raise InvalidImage(
                f"{folder!r} vanished right after it was made: is something cleaning up {self.root!r}?"
            )
        return found

    def list(self) -> list[StoredImage]:
        """All unpacked images."""
        folders = (
            os.path.join(self.images, name)
            for name in sorted(os.listdir(self.images))
            if not name.endswith((".lock", ".partial", ".removed"))
        )
        return [image for image in map(self._read, folders) if image is not None]

    def remove(self, chain: str) -> None:
        """Removes an unpacked image, at once for all who look for it.

        Raises:
            NotFound: if there is none.
        """
        from tiffin.image.store.filling import discard

        folder = self._folder(chain)
        lock = acquire(folder + ".lock")
        try:
            if self._read(folder) is None:
                raise NotFound(f"there is no unpacked image {chain}")
            discard(folder)
        finally:
            if lock is not None:
                lock.release(remove=True)

    def _folder(self, chain: str) -> str:
        return os.path.join(self.images, chain.replace(":", "-"))

    def _read(self, folder: str) -> StoredImage | None:
        try:
            with open(os.path.join(folder, "image.json"), "rb") as file:
                tree = decode(file.read())
        except FileNotFoundError:
            return None
        if not isinstance(tree, dict):
            raise InvalidImage(f"{folder!r} is damaged: remove it")
        chain = os.path.basename(folder).replace("-", ":", 1)
        return StoredImage(
            chain, os.path.join(folder, "rootfs"), tree["name"], tree["config"], tree["leftOut"]
        )


def description(image: Image, left_out: dict[str, int]) -> bytes:
    """The content of image.json."""
    tree = {"name": image.name, "config": image.config.digest, "leftOut": left_out}
    return encode(tree).encode()
