"""pause: freezes a container."""

from __future__ import annotations

from ...lifecycle.pause import pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    pause(settings, invocation.arguments[0])
    return 0
