"""delete: removes a container."""

from __future__ import annotations

from ...lifecycle.delete import delete

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    delete(settings, invocation.arguments[0], force=invocation.flags.switch("force"))
    return 0
