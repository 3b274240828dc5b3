"""kill: sends a signal."""

from __future__ import annotations

from ...lifecycle.kill import kill, signal_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    identifier, *rest = invocation.arguments
    number = signal_number("".join(rest) or "SIGTERM")
    kill(settings, identifier, number, every=invocation.flags.switch("all"))
    return 0
