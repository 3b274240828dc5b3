"""image-spec 1.1, manifest.md and image-index.md, and Docker's schema 2 documents, which have the same shape."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import msgspec

from tiffin.spec import json_tree
from tiffin.spec.image.descriptor import Descriptor
from tiffin.spec.model import Int, Model, from_tree, to_tree

M = TypeVar("M", bound=Model)


class Manifest(Model, kw_only=True):
    """One image, or any artifact: its config and its layers, from the lowest."""

    SECTION: ClassVar[str] = "manifest.md: Image Manifest Property Descriptions"
    schemaVersion: Int
    mediaType: str | None = None
    artifactType: str | None = None
    config: Descriptor
    layers: list[Descriptor]
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class Index(Model, kw_only=True):
    """Manifests, or further indexes, most often of one image for several platforms."""

    SECTION: ClassVar[str] = "image-index.md: Image Index Property Descriptions"
    schemaVersion: Int
    mediaType: str | None = None
    artifactType: str | None = None
    manifests: list[Descriptor]
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class InvalidDocument(ValueError):
    """A document that is no manifest, index or config of the kind that was asked for."""


def decode(data: bytes | str, kind: type[M]) -> M:
    """Decodes an image-spec document, and refuses what another reader could take for a document of another kind.

    Raises JSONError if it is no JSON, InvalidDocument if it is not as `kind` says, or has members of both a manifest
    and an index (CVE-2021-41190).
    """
    tree = json_tree.decode(data)
    if issubclass(kind, (Manifest, Index)):
        _refuse_ambiguous(tree, kind)
    try:
        return from_tree(tree, kind)
    except msgspec.ValidationError as error:
        raise InvalidDocument(f"not a valid {kind.__name__}: {error}") from None


def encode(model: Model, *, indent: int = 0) -> bytes:
    """The text of a document, in UTF-8. Content that has a digest must be kept as it came, not encoded again."""
    return json_tree.encode(to_tree(model), indent=indent).encode()


def _refuse_ambiguous(tree: Any, kind: type[Model]) -> None:
    if not isinstance(tree, dict):
        raise InvalidDocument(f"not a valid {kind.__name__}: no JSON object")
    foreign = ("manifests",) if kind is Manifest else ("layers", "config")
    found = [name for name in (*foreign, "fsLayers") if tree.get(name) is not None]
    if found:
        raise InvalidDocument(f"not a valid {kind.__name__}: it has {', '.join(found)} as well")
    if tree.get("schemaVersion") != 2:
        raise InvalidDocument(
            f"not a valid {kind.__name__}: schemaVersion is {tree.get('schemaVersion')!r}, not 2"
        )
