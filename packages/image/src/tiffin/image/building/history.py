"""`BuiltStage`: what a stage has come to; and the history of an image, entry by entry."""

from __future__ import annotations

from tiffin.image.building.cache.records import BuiltLayer
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.image.building.stages.steps import BaseImage, Step

COMMENT = "tiffin"  # who made it


class BuiltStage(Record):
    """A stage that is built. key: of its files. history: as an image's config has it; `created` may be missing."""

    key: str
    layers: tuple[BuiltLayer, ...]
    history: tuple[dict[str, Any], ...]


def entry_of(step: Step) -> dict[str, str]:
    """A step in the image's history."""
    return {"created_by": step.created_by, "comment": COMMENT}


def history_of(image: BaseImage) -> list[dict[str, Any]]:
    """The history of a base, with an entry for each layer: not all who make images write one."""
    found = [dict(entry) for entry in image.tree.get("history") or ()]
    missing = len(image.layers) - sum(not entry.get("empty_layer") for entry in found)
    return [{"created_by": f"FROM {image.name}", "comment": "no history"}] * missing + found
