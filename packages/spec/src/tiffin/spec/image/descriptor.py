"""image-spec 1.1, descriptor.md: what points at content."""

from __future__ import annotations

from typing import ClassVar

from tiffin.spec.model import Int64, Model
from tiffin.spec.platform import Platform


class Descriptor(Model, kw_only=True):
    """Content by its digest, size in bytes and media type; `data` is the content itself, in base64."""

    SECTION: ClassVar[str] = "descriptor.md: Properties"
    mediaType: str
    digest: str
    size: Int64
    urls: list[str] | None = None
    annotations: dict[str, str] | None = None
    data: str | None = None
    platform: Platform | None = None
    artifactType: str | None = None


EMPTY_JSON = Descriptor(
    mediaType="application/vnd.oci.empty.v1+json",
    digest="sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    size=2,
    data="e30=",
)
"""manifest.md, Guidance for an Empty Descriptor: the two bytes {}."""
