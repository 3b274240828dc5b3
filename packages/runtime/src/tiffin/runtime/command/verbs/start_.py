"""start: lets a created container run."""

from __future__ import annotations

from ...lifecycle.start import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    start(settings, invocation.arguments[0])
    return 0
