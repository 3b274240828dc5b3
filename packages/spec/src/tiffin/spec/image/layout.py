"""image-spec 1.1, image-layout.md: the names of a layout's files."""

from __future__ import annotations

from typing import ClassVar

from tiffin.spec.model import Model

LAYOUT_FILE = "oci-layout"
INDEX_FILE = "index.json"
BLOBS_FOLDER = "blobs"
VERSION = "1.0.0"


class ImageLayout(Model, kw_only=True):
    """The file `oci-layout`."""

    SECTION: ClassVar[str] = "image-layout.md: oci-layout file"
    imageLayoutVersion: str
