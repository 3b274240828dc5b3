"""`exec` by the command line of an OCI runtime."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile

from tiffin.cli.containers.exec_process import process_tree
from tiffin.cli.containers.json_file import write_json
from tiffin.cli.execute.external import FORWARDED, cause_of
from tiffin.cli.failure import CommandFailed
from tiffin.cli.run.stdio import process_stdio
from tiffin.spec.json_tree import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.cli.containers.port import Execution


class ExternalExec:
    """One further process.

    Args:
        path: the runtime's program. state: its --root. pid: of the container's first process.
    """

    def __init__(self, path: str, state: str, pid: int) -> None:
        self._path = path
        self._state = state
        self._pid = pid

    def run(self, name: str, bundle: str, execution: Execution) -> int:
        """Its exit code. Raises CommandFailed: it could not be started."""
        with open(os.path.join(bundle, "config.json"), "rb") as file:
            config: Any = decode(file.read())
        process = process_tree(config, execution, self._pid)
        with tempfile.TemporaryDirectory(prefix="tiffin-exec-") as folder:
            write_json(os.path.join(folder, "process.json"), process)
            return self._call(name, folder, execution)

    def _call(self, name: str, folder: str, execution: Execution) -> int:
        log, pid_file = os.path.join(folder, "log"), os.path.join(folder, "pid")
        words = [self._path, "--root", self._state, "--log", log, "--log-format", "json", "exec"]
        words += ["--process", os.path.join(folder, "process.json"), "--pid-file", pid_file]
        words += ["--detach"] if execution.detach else []
        with process_stdio(execution) as (stdin, stdout, stderr):
            started = subprocess.Popen([*words, name], stdin=stdin, stdout=stdout, stderr=stderr)
        for number in FORWARDED:
            signal.signal(number, lambda number, _frame: started.send_signal(number))
        code = started.wait()
        if code != 0 and not os.path.exists(pid_file):
            raise CommandFailed(*cause_of(self._path, log))
        return code if code >= 0 else 128 - code
