"""Damage: what a check found wrong with a blob or a snapshot. It is written down as a label of the row.

What is noted as damaged counts as missing for who reads it and who is about to make it: so the next pull makes it anew,
and takes the note away.
"""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DAMAGED = "dev.tiffin/damaged"


class Damage(Enum):
    """What is wrong; the value stands in the label."""

    MISSING = "missing"
    RESIZED = "of another size"
    CHANGED = "changed"


def is_noted(labels: Mapping[str, str]) -> bool:
    """Whether a check has found damage, and nothing has healed it since."""
    return DAMAGED in labels


def noted(damage: Damage | None) -> dict[str, str]:
    """The change of labels that notes damage, or takes the note away."""
    return {DAMAGED: damage.value if damage is not None else ""}
