"""events: statistics and out-of-memory events, one JSON object a line."""

from __future__ import annotations

import sys

from tiffin.spec.json_tree import encode

from ...errors import InvalidArgument
from ...lifecycle.events import event, events, statistics
from ...lifecycle.loaded import LoadedContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation

FIVE_SECONDS = 5_000_000_000


def run_verb(settings: Settings, invocation: Invocation) -> int:
    identifier = invocation.arguments[0]
    interval = invocation.flags.integer("interval", FIVE_SECONDS)
    LoadedContainer(settings.root, identifier)  # a container that does not exist is the first thing to say
    if interval <= 0:
        raise InvalidArgument("duration interval must be greater than 0")
    if invocation.flags.switch("stats"):
        sys.stdout.write(encode(event("stats", identifier, statistics(settings, identifier))) + "\n")
        return 0
    for found in events(settings, identifier, interval=interval):
        sys.stdout.write(encode(found) + "\n")
        sys.stdout.flush()
    return 0
