"""`check_config`: are the members of a base's config, which instructions change and RUN needs, of the right types?

Nobody else looks at them, and an image of a registry may have anything there.
"""

from __future__ import annotations

from tiffin.image.errors import InvalidImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LISTS = ("Cmd", "Entrypoint", "Env", "OnBuild", "Shell")
OBJECTS = ("ExposedPorts", "Labels", "Volumes")
TEXTS = ("StopSignal", "User", "WorkingDir")


def check_config(tree: Mapping[str, Any], what: str) -> None:
    """Raises InvalidImage for a member of another type than image-spec gives it; null is as if it were missing.

    Args:
        tree: the config with everything around it. what: the image, for the error.
    """
    config = tree.get("config") or {}
    for name in LISTS:
        value = config.get(name) or []
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise InvalidImage(f"{what}: config.{name} must be a list of strings")
    for name in OBJECTS:
        if not isinstance(config.get(name) or {}, dict):
            raise InvalidImage(f"{what}: config.{name} must be an object")
    for name in TEXTS:
        if not isinstance(config.get(name) or "", str):
            raise InvalidImage(f"{what}: config.{name} must be a string")
