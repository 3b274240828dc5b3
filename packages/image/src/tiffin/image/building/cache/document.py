"""`CacheDocument`: results of a build as one JSON document, the config of a manifest whose layers are theirs.

The manifest is one of image-spec, so that every registry and layout can have it.
"""

from __future__ import annotations

from tiffin.image.building.cache.records import CachedStep, from_tree, to_tree
from tiffin.image.digest import digest_of
from tiffin.image.documents import Descriptor, tree_of
from tiffin.image.errors import InvalidImage
from tiffin.image.metadata.images import descriptor_tree
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import encode
from tiffin.spec.media_type import MANIFEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MEDIA_TYPE = "application/vnd.dev.tiffin.buildcache.v1+json"


class CacheDocument(Record):
    """steps: results by their keys. inputs, moments: as `LocalCache` has them."""

    steps: Mapping[str, CachedStep]
    inputs: Mapping[str, str]
    moments: Mapping[str, str]

    def layers(self) -> list[Descriptor]:
        """Those of all results, each once."""
        found = {
            step.layer.descriptor.digest: step.layer.descriptor for step in self.steps.values() if step.layer
        }
        return list(found.values())


def encode_document(document: CacheDocument) -> tuple[Descriptor, dict[str, bytes]]:
    """The descriptor of the manifest; the manifest and its config by their digests."""
    tree = {
        "steps": {key: to_tree(document.steps[key]) for key in sorted(document.steps)},
        "inputs": dict(sorted(document.inputs.items())),
        "moments": dict(sorted(document.moments.items())),
    }
    config = encode(tree).encode()
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": MEDIA_TYPE, "digest": digest_of(config), "size": len(config)},
            "layers": [descriptor_tree(layer) for layer in document.layers()],
        }
    ).encode()
    texts = {digest_of(data): data for data in (config, manifest)}
    return Descriptor(MANIFEST, digest_of(manifest), len(manifest), {}, None), texts


def decode_document(data: bytes, what: str) -> CacheDocument:
    """The reverse, from the config. Raises InvalidImage."""
    tree = tree_of(data, what)
    steps, inputs, moments = (_object(tree, name, what) for name in ("steps", "inputs", "moments"))
    return CacheDocument({key: from_tree(step, what) for key, step in steps.items()}, inputs, moments)


def _object(tree: dict[str, Any], name: str, what: str) -> dict[str, Any]:
    found = tree.get(name)
    if not isinstance(found, dict) or (
        name != "steps" and not all(isinstance(one, str) for one in found.values())
    ):
        raise InvalidImage(f"{what} has no {name} that can be read")
    return found
