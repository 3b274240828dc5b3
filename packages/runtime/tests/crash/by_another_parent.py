"""create or exec with another process as the starter; what the tests kill before each of its steps.

python3 by_another_parent.py SOCKET ROOT create BUNDLE ID
python3 by_another_parent.py SOCKET ROOT exec ID
"""

from __future__ import annotations

import sys
from pathlib import Path

from packages.runtime.tests.launch.parents import AnotherParent

from tiffin.runtime.lifecycle.create import CreateOptions, create
from tiffin.runtime.lifecycle.execute import ExecOptions, Execution, execute_detached
from tiffin.runtime.lifecycle.process_changes import ProcessChanges, changed_process
from tiffin.runtime.lifecycle.settings import Settings
from tiffin.runtime.logging.log import Log


def main() -> None:
    path, root, verb, *rest = sys.argv[1:]
    settings = Settings(root, Log())
    parent = AnotherParent(Path(path))
    if verb == "create":
        bundle, identifier = rest
        create(settings, identifier, CreateOptions(bundle, starter=parent))
    else:
        execution = Execution(settings, rest[0], ExecOptions(starter=parent))
        changes = ProcessChanges(args=("sleep", "1000"))
        execute_detached(execution, changed_process(execution.config, changes, settings.log))


if __name__ == "__main__":
    main()
