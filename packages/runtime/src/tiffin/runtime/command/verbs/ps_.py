"""ps: the processes of a container."""

from __future__ import annotations

import sys

from ...errors import InvalidArgument
from ...lifecycle.processes import process_ids, process_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    identifier, *options = invocation.arguments
    form = invocation.flags.text("format", "table")
    pids = process_ids(settings, identifier)
    if form == "json":
        sys.stdout.write(f"[{','.join(map(str, pids))}]\n")
    elif form == "table":
        sys.stdout.write(process_table(pids, options))
    else:
        raise InvalidArgument("invalid format option")
    return 0
