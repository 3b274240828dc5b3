"""What `inspect` shows of an image: the members that `skopeo inspect` has, in its order."""

from __future__ import annotations

from tiffin.image.documents import CONFIGS, any_manifest_of, config_of
from tiffin.image.transfer.choice import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.image.documents import Descriptor, Platform
    from tiffin.image.transfer.protocol import ImageSource


def summary(source: ImageSource, platform: Platform | None) -> dict[str, Any]:
    """The members; those of a repository are empty.

    Args:
        source: where the image is. platform: which one of an index.

    Raises:
        NotFound, InvalidImage, DigestMismatch, ...: as the source does.
    """
    top = source.resolve()
    chosen = choose(source, top, platform)
    what = f"manifest {chosen.digest}"
    manifest = any_manifest_of(source.read_document(chosen), what, chosen.media_type)
    config = _config(source, manifest.config)
    inner = config.get("config") or {}
    return {
        "Name": "",
        "Digest": top.digest,
        "RepoTags": [],
        "Created": config.get("created"),
        "DockerVersion": config.get("docker_version", ""),
        "Labels": inner.get("Labels"),
        "Architecture": config.get("architecture", ""),
        "Os": config.get("os", ""),
        "Layers": [layer.digest for layer in manifest.layers],
        "LayersData": [_layer(layer) for layer in manifest.layers],
        "Env": inner.get("Env"),
    }


def _config(source: ImageSource, descriptor: Descriptor) -> dict[str, Any]:
    """The config; nothing for an artifact, whose config is something else."""
    if descriptor.media_type not in CONFIGS:
        return {}
    data = source.read_document(descriptor)
    return config_of(data, descriptor.digest, f"config {descriptor.digest}").tree


def _layer(layer: Descriptor) -> dict[str, Any]:
    return {
        "MIMEType": layer.media_type,
        "Digest": layer.digest,
        "Size": layer.size,
        "Annotations": layer.annotations or None,
    }
