"""Manifests and indexes from OCI to Docker's schema 2 and back; the configs are the same text in both."""

from __future__ import annotations

from typing import Any

from tiffin.image.documents import CONFIGS
from tiffin.image.errors import Unsupported
from tiffin.spec.media_type import compression, is_distributable, is_layer, to_docker, to_oci

CONVERTERS = {"oci": to_oci, "v2s2": to_docker}
# Docker's documents have no annotations, and no artifacts
ONLY_OCI = ("annotations", "artifactType", "subject")
SUFFIXES = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}


def converted(tree: dict[str, Any], media_type: str, kind: str) -> tuple[dict[str, Any], str]:
    """A manifest or index in another format, and its media type.

    Args:
        tree: the document.
        media_type: what it is now.
        kind: `oci` or `v2s2`; "" leaves it as it is.

    Raises:
        Unsupported: for an artifact, or a layer, that schema 2 cannot have.
    """
    if not kind:
        return tree, media_type
    convert = CONVERTERS[kind]
    changed: dict[str, Any] = {**tree, "mediaType": convert(media_type)}
    if kind == "v2s2":
        refuse_artifact(tree)
        changed = {key: value for key, value in changed.items() if key not in ONLY_OCI}
    if "config" in tree:
        changed["config"] = _descriptor(tree["config"], kind)
    for name in ("layers", "manifests"):
        if name in tree:
            changed[name] = [_descriptor(item, kind) for item in tree[name]]
    return changed, changed["mediaType"]


def _descriptor(tree: dict[str, Any], kind: str) -> dict[str, Any]:
    changed = {**tree, "mediaType": CONVERTERS[kind](tree["mediaType"])}
    if kind == "v2s2":
        changed.pop("annotations", None)
        if is_layer(changed["mediaType"]) and compression(changed["mediaType"]) == "zstd":
            raise Unsupported("Docker's schema 2 has no zstd layers: add --dest-compress-format gzip")
    return changed


def refuse_artifact(tree: dict[str, Any]) -> None:
    """Raises Unsupported for what only OCI has."""
    config = tree.get("config")
    if "subject" in tree or (config is not None and config.get("mediaType") not in CONFIGS):
        raise Unsupported("Docker's schema 2 has no artifacts: this can only be copied as OCI")


def layer_type(media_type: str, kind: str) -> str:
    """The media type of a layer once it is compressed in another way, in the family that it is of."""
    oci = to_oci(media_type)
    base = oci.removesuffix("+gzip").removesuffix("+zstd")
    changed = base + SUFFIXES[kind]
    return changed if media_type == oci else to_docker(changed)


def stays_elsewhere(tree: dict[str, Any]) -> bool:
    """Whether a layer is a foreign one, which registries do not have: image-spec `layer.md`, "Non-Distributable"."""
    return bool(tree.get("urls")) and not is_distributable(str(tree.get("mediaType", "")))
