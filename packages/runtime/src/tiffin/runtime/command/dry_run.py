"""--dry-run: prints the plan of kernel operations that create, run or exec would execute, and does nothing."""

from __future__ import annotations

import sys

from ..errors import InvalidArgument
from ..lifecycle.create import CreateOptions, Creation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..lifecycle.settings import Settings
    from ..plan.operation import Plan
    from .parse import Invocation


def print_create_plan(
    settings: Settings, invocation: Invocation, options: CreateOptions, *, waits: bool
) -> int:
    """Prints what create (waits) or run would do."""
    creation = Creation(settings, invocation.arguments[0], options, waits=waits)
    creation.load()
    return print_plan(creation.plan(creation.select_manager()), invocation)


def print_plan(plan: Plan, invocation: Invocation) -> int:
    """Prints a plan as --format says."""
    from ..plan.describe import describe_plan, plan_as_json

    form = invocation.globals.text("format", "text")
    if form == "json":
        sys.stdout.write(plan_as_json(plan))
    elif form == "text":
        sys.stdout.write(describe_plan(plan))
    else:
        raise InvalidArgument("--format: text or json")
    return 0
