"""`tiffin explain BUNDLE`: the kernel operations that the executor would do for a bundle; nothing is done."""

from __future__ import annotations

import os
import sys

from tiffin.cli.execute.own import Log
from tiffin.cli.parse import Arguments
from tiffin.runtime.lifecycle.create import CreateOptions, Creation
from tiffin.runtime.lifecycle.settings import Settings, absolute_root
from tiffin.runtime.plan.describe import describe_plan, plan_as_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.runtime.plan.operation import Plan

NAME = "explain"  # a container needs one, and the plan has paths with it


def main(arguments: Arguments) -> int:
    """Prints the plan, for a person or as JSON. Raises RuntimeFailure as `plan_of`."""
    plan = plan_of(arguments.words[0])
    sys.stdout.write(plan_as_json(plan) if arguments.switch("json") else describe_plan(plan))
    return 0


def plan_of(bundle: str, name: str = NAME, *, waits: bool = True) -> Plan:
    """What would be done for a bundle.

    Args:
        waits: stop before the user's program, as `create` does; else go on, as `run` does.

    Raises:
        RuntimeFailure: if the bundle is none, or its config cannot be used; the text names the place.
    """
    options = CreateOptions(bundle=os.path.abspath(bundle))
    creation = Creation(Settings(root=absolute_root(""), log=Log()), name, options, waits=waits)
    creation.load()
    return creation.plan(creation.select_manager())
