"""`tiffin explain BUNDLE`: the kernel operations that the executor would do for a bundle; nothing is done."""

from __future__ import annotations

import os
import sys

from tiffin.cli.execute.own import Log
from tiffin.cli.parse import Arguments
from tiffin.runtime.lifecycle.create import CreateOptions, Creation
from tiffin.runtime.lifecycle.settings import Settings, absolute_root
from tiffin.runtime.plan.describe import describe_plan, plan_as_json

NAME = "explain"  # a container needs one, and the plan has paths with it


def main(arguments: Arguments) -> int:
    """Prints the plan, for a person or as JSON.

    Raises:
        RuntimeFailure: if the bundle is none, or its config cannot be used; the text names the place.
    """
    options = CreateOptions(bundle=os.path.abspath(arguments.words[0]))
    creation = Creation(Settings(root=absolute_root(""), log=Log()), NAME, options, waits=True)
    creation.load()
    plan = creation.plan(creation.select_manager())
    sys.stdout.write(plan_as_json(plan) if arguments.switch("json") else describe_plan(plan))
    return 0
