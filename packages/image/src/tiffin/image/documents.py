"""Indexes, manifests and image configs as far as reading an image needs them, checked as they are taken apart.

Plain trees and `Record`s rather than the models of `tiffin.spec.image`: every `tiffin run` comes through here, and
importing msgspec costs more than the rest of it. Source: image-spec 1.1, `image-index.md`, `manifest.md`, `config.md`.
"""

from __future__ import annotations

from tiffin.image.digest import split_digest
from tiffin.image.errors import InvalidImage
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import JSONError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_BYTES = 4 * 1024 * 1024  # what registries take for a manifest (distribution-spec, "Pushing Manifests")

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


class Platform(Record):
    """What an image runs on; names as Go's GOOS and GOARCH."""

    os: str
    architecture: str
    variant: str = ""


class Descriptor(Record):
    """Points to content: image-spec `descriptor.md`. size: bytes. urls: where a foreign layer may be had."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str]
    platform: Platform | None
    urls: tuple[str, ...] = ()


class Manifest(Record):
    """An image for one platform."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


class ImageConfig(Record):
    """An image's config: `tree` is all of it, the other fields are what unpacking needs. size: bytes."""

    digest: str
    size: int
    tree: dict[str, Any]
    platform: Platform
    diff_ids: tuple[str, ...]


def tree_of(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object in `data`.

    Raises:
        InvalidImage: if it is none, or is too long.
    """
    try:
        tree = decode(data, size_limit=MOST_BYTES)
    except JSONError as error:
        raise InvalidImage(f"{what} is no JSON: {error}") from error
    if not isinstance(tree, dict):
        raise InvalidImage(f"{what} is no JSON object")
    return tree


def index_of(data: bytes, what: str, media_type: str = "") -> tuple[Descriptor, ...]:
    """The descriptors of an index (or of a layout's index.json). Raises InvalidImage."""
    tree = tree_of(data, what)
    _check_kind(tree, what, media_type, unexpected=("config", "layers"))
    return tuple(
        descriptor_of(item, f"{what}: manifests[{number}]")
        for number, item in enumerate(_list(tree, "manifests", what))
    )


def manifest_of(data: bytes, what: str, media_type: str) -> Manifest:
    """The manifest of a container image. Raises InvalidImage."""
    manifest = any_manifest_of(data, what, media_type)
    if manifest.config.media_type not in CONFIGS:
        raise InvalidImage(
            f"{what} is no container image: its config is of the type {manifest.config.media_type!r}"
        )
    return manifest


def any_manifest_of(data: bytes, what: str, media_type: str) -> Manifest:
    """A manifest of anything, an artifact too. Raises InvalidImage."""
    tree = tree_of(data, what)
    _check_kind(tree, what, media_type, unexpected=("manifests",))
    layers = [
        descriptor_of(item, f"{what}: layers[{number}]")
        for number, item in enumerate(_list(tree, "layers", what))
    ]
    return Manifest(descriptor_of(tree.get("config"), f"{what}: config"), tuple(layers))


def config_of(data: bytes, digest: str, what: str) -> ImageConfig:
    """An image config. Raises InvalidImage."""
    tree = tree_of(data, what)
    rootfs = tree.get("rootfs")
    if not isinstance(rootfs, dict) or rootfs.get("type") != "layers":
        raise InvalidImage(f"{what}: rootfs.type must be 'layers'")
    diff_ids = _list(rootfs, "diff_ids", what)
    for diff_id in diff_ids:
        if not isinstance(diff_id, str):
            raise InvalidImage(f"{what}: rootfs.diff_ids must be strings")
        split_digest(diff_id, what)
    if not isinstance(tree.get("config") or {}, dict):
        raise InvalidImage(f"{what}: config must be an object")
    platform = platform_of(tree, what)
    return ImageConfig(digest, len(data), tree, platform, tuple(diff_ids))


def platform_of(tree: dict[str, Any], what: str) -> Platform:
    """The platform in a config, or in a descriptor's `platform`. Raises InvalidImage."""
    parts = [tree.get(name, "") for name in ("os", "architecture", "variant")]
    if not all(isinstance(part, str) for part in parts):
        raise InvalidImage(f"{what}: os, architecture and variant must be strings")
    return Platform(*parts)


def descriptor_of(tree: object, what: str) -> Descriptor:
    """A descriptor. Raises InvalidImage, for example for a digest that is none."""
    if not isinstance(tree, dict):
        raise InvalidImage(f"{what} is no descriptor")
    media_type, digest, size = (tree.get(name) for name in ("mediaType", "digest", "size"))
    if not isinstance(media_type, str) or not isinstance(digest, str):
        raise InvalidImage(f"{what} needs mediaType and digest")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise InvalidImage(f"{what} needs a size in bytes, it has {size!r}")
    split_digest(digest, what)
    annotations = tree.get("annotations") or {}
    platform = tree.get("platform")
    if not isinstance(annotations, dict) or not (platform is None or isinstance(platform, dict)):
        raise InvalidImage(f"{what}: annotations and platform must be objects")
    if not all(isinstance(value, str) for value in annotations.values()):
        raise InvalidImage(f"{what}: annotations must be strings")
    urls = tree.get("urls") or []
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise InvalidImage(f"{what}: urls must be a list of strings")
    known = None if platform is None else platform_of(platform, what)
    return Descriptor(media_type, digest, size, annotations, known, tuple(urls))


def _list(tree: dict[str, Any], name: str, what: str) -> list[Any]:
    items = tree.get(name)
    if not isinstance(items, list):
        raise InvalidImage(f"{what} needs a list {name}")
    return items


def _check_kind(tree: dict[str, Any], what: str, media_type: str, unexpected: tuple[str, ...]) -> None:
    """Refuses a document that could be read as two things (CVE-2021-41190)."""
    own = tree.get("mediaType")
    if own and media_type and own != media_type:
        raise InvalidImage(f"{what} says that it is {own!r}, its descriptor says {media_type!r}")
    if tree.get("schemaVersion") != 2:
        raise InvalidImage(f"{what}: schemaVersion must be 2, it is {tree.get('schemaVersion')!r}")
    for name in unexpected:
        if name in tree:
            raise InvalidImage(f"{what} has members of an index and of a manifest ({name}): it is refused")
