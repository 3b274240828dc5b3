"""run: makes a container, starts it, and waits for its end unless detached."""

from __future__ import annotations

from ...lifecycle.held_signals import hold_signals
from ...lifecycle.run import run, run_detached
from .create_ import create_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...lifecycle.settings import Settings
    from ..parse import Invocation


def run_verb(settings: Settings, invocation: Invocation) -> int:
    flags = invocation.flags
    identifier = invocation.arguments[0]
    options = create_options(flags)
    if invocation.globals.switch("dry-run"):
        from ..dry_run import print_create_plan

        return print_create_plan(settings, invocation, options, waits=False)
    if flags.switch("detach"):
        hold_signals()
        run_detached(settings, identifier, options)
        return 0
    return run(
        settings, identifier, options, keep=flags.switch("keep"), subreaper=not flags.switch("no-subreaper")
    )
