"""state: prints the state as JSON."""

from __future__ import annotations

import sys

from ...lifecycle.loaded import LoadedContainer
from ...state.document import state_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    container = LoadedContainer(settings.root, invocation.arguments[0])
    sys.stdout.write(state_document(container.state, container.status()))
    return 0
