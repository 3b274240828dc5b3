"""What `docker load` and `podman load` read, as a destination: `docker-archive:`, with one image or several."""

from __future__ import annotations

from typing import Any

from tiffin.image.digest import split_digest
from tiffin.image.documents import manifest_of
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.archive_writer import ArchiveWriter
    from tiffin.image.transports.incoming import OpenAt


class DockerArchiveImages:
    """The images of one archive, which is written when the last one is there.

    Args:
        writer: the archive.
        count: how many images it will have.
    """

    def __init__(self, writer: ArchiveWriter, count: int = 1) -> None:
        self.writer = writer
        self._count = count
        self._entries: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}

    def add(self, config: str, layers: Sequence[str], tags: Sequence[str]) -> None:
        """One more image, of blobs that were taken. Raises OSError."""
        config_name = f"{split_digest(config)[1]}.json"
        layer_names = [f"{split_digest(layer)[1]}.tar" for layer in layers]
        self._names |= dict(zip(layer_names, layers, strict=True))
        self._names[config_name] = config
        self._entries.append({"Config": config_name, "RepoTags": list(tags), "Layers": layer_names})
        if len(self._entries) == self._count:
            self.writer.finish({"manifest.json": encode(self._entries).encode()}, self._names)


class DockerArchiveDestination:
    """Args: images: the archive. tags: the image's names, `NAME:TAG`. name: for messages.

    It takes one manifest, with uncompressed layers: what else comes is an error of the caller.
    """

    def __init__(self, images: DockerArchiveImages, tags: Sequence[str], name: str) -> None:
        self.name = name
        self._images = images
        self._tags = tuple(tags)

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Whether it came already, with another image."""
        return self._images.writer.has(descriptor.digest)

    def mount_blob(self, descriptor: Descriptor, source: ImageSource) -> bool:  # noqa: ARG002  # the protocol's
        """Never."""
        return False

    def write_blob(self, descriptor: Descriptor, open_at: OpenAt) -> None:
        """Raises DigestMismatch, OSError."""
        self._images.writer.take(descriptor, open_at)

    def write_manifest(self, descriptor: Descriptor, data: bytes, *, tagged: bool) -> None:  # noqa: ARG002
        """The manifest itself is not kept: the format has no place for it. Raises OSError."""
        manifest = manifest_of(data, f"manifest {descriptor.digest}", descriptor.media_type)
        self._images.add(manifest.config.digest, [layer.digest for layer in manifest.layers], self._tags)
