"""Media types of image-spec 1.1 and of Docker's image manifest schema 2, and which stands for which."""

from __future__ import annotations

DESCRIPTOR = "application/vnd.oci.descriptor.v1+json"
LAYOUT_HEADER = "application/vnd.oci.layout.header.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP = LAYER + "+gzip"
LAYER_ZSTD = LAYER + "+zstd"
NONDISTRIBUTABLE = "application/vnd.oci.image.layer.nondistributable.v1.tar"
NONDISTRIBUTABLE_GZIP = NONDISTRIBUTABLE + "+gzip"
NONDISTRIBUTABLE_ZSTD = NONDISTRIBUTABLE + "+zstd"

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_PLUGIN_CONFIG = "application/vnd.docker.plugin.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_LAYER_GZIP = DOCKER_LAYER + ".gzip"
DOCKER_LAYER_ZSTD = DOCKER_LAYER + ".zstd"
DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar"
DOCKER_FOREIGN_LAYER_GZIP = DOCKER_FOREIGN_LAYER + ".gzip"
DOCKER_SCHEMA1 = (
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
)
"""No longer supported by anyone: named so that it can be refused by name."""

_DOCKER_TO_OCI = {
    DOCKER_MANIFEST: MANIFEST,
    DOCKER_MANIFEST_LIST: INDEX,
    DOCKER_CONFIG: CONFIG,
    DOCKER_LAYER: LAYER,
    DOCKER_LAYER_GZIP: LAYER_GZIP,
    DOCKER_LAYER_ZSTD: LAYER_ZSTD,
    DOCKER_FOREIGN_LAYER: NONDISTRIBUTABLE,
    DOCKER_FOREIGN_LAYER_GZIP: NONDISTRIBUTABLE_GZIP,
}
_OCI_TO_DOCKER = {oci: docker for docker, oci in _DOCKER_TO_OCI.items()}

_COMPRESSION = {"+gzip": "gzip", "+zstd": "zstd", ".gzip": "gzip", ".zstd": "zstd"}

MANIFEST_TYPES = (MANIFEST, DOCKER_MANIFEST)
INDEX_TYPES = (INDEX, DOCKER_MANIFEST_LIST)
ACCEPTED = (*MANIFEST_TYPES, *INDEX_TYPES)
"""What a client asks a registry for, in its Accept header."""


def bare(media_type: str) -> str:
    """Without parameters and in lower case: `text/JSON; charset=utf-8` is `text/json`."""
    return media_type.partition(";")[0].strip().lower()


def to_oci(media_type: str) -> str:
    """The OCI type of the same content; the type itself if there is none."""
    return _DOCKER_TO_OCI.get(media_type, media_type)


def to_docker(media_type: str) -> str:
    """Docker's type of the same content; the type itself if there is none."""
    return _OCI_TO_DOCKER.get(media_type, media_type)


def is_manifest(media_type: str) -> bool:
    return media_type in MANIFEST_TYPES


def is_index(media_type: str) -> bool:
    return media_type in INDEX_TYPES


def is_config(media_type: str) -> bool:
    return media_type in (CONFIG, DOCKER_CONFIG)


def is_layer(media_type: str) -> bool:
    return media_type.startswith((LAYER, NONDISTRIBUTABLE, DOCKER_LAYER, DOCKER_FOREIGN_LAYER))


def is_distributable(media_type: str) -> bool:
    """Whether a layer may be pushed to any registry."""
    return not media_type.startswith((NONDISTRIBUTABLE, DOCKER_FOREIGN_LAYER))


def compression(media_type: str) -> str:
    """gzip, zstd, or the empty string, of a layer. Raises ValueError for what is no layer, or is another one."""
    if not is_layer(media_type):
        raise ValueError(f"{media_type} is no layer")
    for base in (LAYER, NONDISTRIBUTABLE, DOCKER_LAYER, DOCKER_FOREIGN_LAYER):
        if media_type == base:
            return ""
        if media_type.startswith(base) and media_type[len(base) :] in _COMPRESSION:
            return _COMPRESSION[media_type[len(base) :]]
    raise ValueError(f"{media_type} is a layer of an unknown compression")
