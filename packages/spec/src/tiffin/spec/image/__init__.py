"""image-spec 1.1: descriptors, manifests, indexes, image configs and layouts. The structs are loaded on first use."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.image.chain import chain_ids as chain_ids
    from tiffin.spec.image.config import History as History
    from tiffin.spec.image.config import Image as Image
    from tiffin.spec.image.config import ImageConfig as ImageConfig
    from tiffin.spec.image.config import RootFS as RootFS
    from tiffin.spec.image.descriptor import EMPTY_JSON as EMPTY_JSON
    from tiffin.spec.image.descriptor import Descriptor as Descriptor
    from tiffin.spec.image.layout import ImageLayout as ImageLayout
    from tiffin.spec.image.manifest import Index as Index
    from tiffin.spec.image.manifest import InvalidDocument as InvalidDocument
    from tiffin.spec.image.manifest import Manifest as Manifest
    from tiffin.spec.image.manifest import decode as decode
    from tiffin.spec.image.manifest import encode as encode
    from tiffin.spec.image.selection import NoMatchingPlatform as NoMatchingPlatform
    from tiffin.spec.image.selection import select_manifest as select_manifest
    from tiffin.spec.image.selection import select_manifests as select_manifests

_MODULES = {
    "chain": ("chain_ids",),
    "config": ("History", "Image", "ImageConfig", "RootFS"),
    "descriptor": ("EMPTY_JSON", "Descriptor"),
    "layout": ("ImageLayout",),
    "manifest": ("Index", "InvalidDocument", "Manifest", "decode", "encode"),
    "selection": ("NoMatchingPlatform", "select_manifest", "select_manifests"),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            value: object = getattr(__import__(f"{__name__}.{module}", fromlist=(name,)), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
