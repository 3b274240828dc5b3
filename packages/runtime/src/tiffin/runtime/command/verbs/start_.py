"""start: lets a created container run."""

from __future__ import annotations

from ...lifecycle.activation import host_notify_socket
from ...lifecycle.start import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    start(settings, invocation.arguments[0], notify_socket=host_notify_socket())
    return 0
