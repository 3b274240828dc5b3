"""The OCI specifications in Python: runtime-spec 1.3, image-spec 1.1, distribution-spec 1.1, and Docker's customs.

    from tiffin.spec import Reference, decode_config
    config = decode_config(Path("config.json").read_bytes())

Names are loaded when they are first used: importing this package alone costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.digest import Digest as Digest
    from tiffin.spec.digest import DigestMismatch as DigestMismatch
    from tiffin.spec.digest import InvalidDigest as InvalidDigest
    from tiffin.spec.digest import Verifier as Verifier
    from tiffin.spec.image import Descriptor as Descriptor
    from tiffin.spec.image import Image as Image
    from tiffin.spec.image import Index as Index
    from tiffin.spec.image import Manifest as Manifest
    from tiffin.spec.image import select_manifest as select_manifest
    from tiffin.spec.json_tree import JSONError as JSONError
    from tiffin.spec.platform import InvalidPlatform as InvalidPlatform
    from tiffin.spec.platform import Platform as Platform
    from tiffin.spec.reference import InvalidReference as InvalidReference
    from tiffin.spec.reference import Reference as Reference
    from tiffin.spec.runtime import Config as Config
    from tiffin.spec.runtime import InvalidConfig as InvalidConfig
    from tiffin.spec.runtime import Problem as Problem
    from tiffin.spec.runtime import decode_config as decode_config
    from tiffin.spec.runtime import encode_config as encode_config
    from tiffin.spec.runtime import validate as validate

__version__ = "0.1.0"

_MODULES = {
    "digest": ("Digest", "DigestMismatch", "InvalidDigest", "Verifier"),
    "image": ("Descriptor", "Image", "Index", "Manifest", "select_manifest"),
    "json_tree": ("JSONError",),
    "platform": ("InvalidPlatform", "Platform"),
    "reference": ("InvalidReference", "Reference"),
    "runtime": ("Config", "InvalidConfig", "Problem", "decode_config", "encode_config", "validate"),
}


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            value: object = getattr(__import__(f"{__name__}.{module}", fromlist=(name,)), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
