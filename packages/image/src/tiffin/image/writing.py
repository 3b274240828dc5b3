"""Writing an OCI image layout: image-spec `image-layout.md`. Blobs come first, the index that names them last."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.platforms import host_platform
from tiffin.spec.json_tree import encode

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"


def write_layout(folder: str, layers: Sequence[bytes], config: Mapping[str, Any], tag: str) -> str:
    """Writes an image to a new layout.

    Args:
        folder: where to; it is made.
        layers: uncompressed tar archives, bottom first.
        config: the `config` of the image's config: Cmd, Env and so on.
        tag: its name in the layout.

    Returns:
        the manifest's digest.

    Raises:
        OSError: if it cannot be written.
    """
    platform = host_platform()
    descriptors = [write_blob(folder, layer, LAYER) for layer in layers]
    image: dict[str, Any] = {
        "os": platform.os,
        "architecture": platform.architecture,
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": [descriptor["digest"] for descriptor in descriptors]},
    }
    if platform.variant:
        image["variant"] = platform.variant
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": write_blob(folder, encode(image).encode(), CONFIG),
        "layers": descriptors,
    }
    entry = write_blob(folder, encode(manifest).encode(), MANIFEST)
    write_index(folder, [{**entry, "annotations": {REF_NAME: tag}}])
    return str(entry["digest"])


def write_index(folder: str, manifests: Sequence[Mapping[str, Any]]) -> None:
    """Writes `oci-layout` and `index.json`."""
    files = {
        "oci-layout": {"imageLayoutVersion": "1.0.0"},
        "index.json": {"schemaVersion": 2, "manifests": [dict(entry) for entry in manifests]},
    }
    for name, tree in files.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(encode(tree))


def write_blob(folder: str, data: bytes, media_type: str) -> dict[str, Any]:
    """Writes a blob, and returns its descriptor."""
    digest = digest_of(data)
    algorithm, encoded = split_digest(digest)
    blobs = os.path.join(folder, "blobs", algorithm)
    os.makedirs(blobs, exist_ok=True)
    with open(os.path.join(blobs, encoded), "wb") as file:
        file.write(data)
    return {"mediaType": media_type, "digest": digest, "size": len(data)}
