"""Keys of annotations: image-spec 1.1 (annotations.md, conversion.md) and runtime-spec 1.3 (config.md)."""

from __future__ import annotations

CREATED = "org.opencontainers.image.created"
AUTHORS = "org.opencontainers.image.authors"
URL = "org.opencontainers.image.url"
DOCUMENTATION = "org.opencontainers.image.documentation"
SOURCE = "org.opencontainers.image.source"
VERSION = "org.opencontainers.image.version"
REVISION = "org.opencontainers.image.revision"
VENDOR = "org.opencontainers.image.vendor"
LICENSES = "org.opencontainers.image.licenses"
REF_NAME = "org.opencontainers.image.ref.name"
TITLE = "org.opencontainers.image.title"
DESCRIPTION = "org.opencontainers.image.description"
BASE_DIGEST = "org.opencontainers.image.base.digest"
BASE_NAME = "org.opencontainers.image.base.name"

# made from an image's config for a runtime config
OS = "org.opencontainers.image.os"
OS_VERSION = "org.opencontainers.image.os.version"
OS_FEATURES = "org.opencontainers.image.os.features"
ARCHITECTURE = "org.opencontainers.image.architecture"
VARIANT = "org.opencontainers.image.variant"
AUTHOR = "org.opencontainers.image.author"
STOP_SIGNAL = "org.opencontainers.image.stopSignal"
EXPOSED_PORTS = "org.opencontainers.image.exposedPorts"

# what other programs write
CONTAINERD_IMAGE_NAME = "io.containerd.image.name"
DOCKER_REFERENCE_TYPE = "vnd.docker.reference.type"
