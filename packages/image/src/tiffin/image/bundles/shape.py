"""Members of an image's documents that are edited here, which nobody else looks at: are they of the right types?"""

from __future__ import annotations

from tiffin.image.errors import InvalidImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

KINDS: Mapping[type, str] = {list: "a list", dict: "an object"}
SETTINGS: Mapping[str, type] = {"Env": list, "Labels": dict, "ExposedPorts": dict, "Volumes": dict}


def check_shape(manifest: Mapping[str, Any], config: Mapping[str, Any], what: str) -> None:
    """Raises InvalidImage for a member of another type than image-spec gives it; null is as if it were missing.

    Args:
        manifest, config: the documents. what: the image, for errors.
    """
    settings = config.get("config") or {}
    _check(manifest, "annotations", dict, what)
    _check(config, "history", list, what)
    for name, kind in SETTINGS.items():
        _check(settings, name, kind, f"{what}: config")
    if not all(isinstance(variable, str) for variable in settings.get("Env") or ()):
        raise InvalidImage(f"{what}: config: Env must be a list of strings")


def _check(tree: Mapping[str, Any], name: str, kind: type, what: str) -> None:
    if not isinstance(tree.get(name) or kind(), kind):
        raise InvalidImage(f"{what}: {name} must be {KINDS[kind]}")
