"""`tiffin stop NAME...`: ends containers with their stop signal, and after their time with SIGKILL."""

from __future__ import annotations

import os
import signal
import sys
import time

from tiffin.cli.containers.folder import check_name
from tiffin.cli.containers.record import read_record
from tiffin.cli.execute import executor_for
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host

INTERVAL = 0.02  # seconds; the process is nobody's child here, and an external runtime tells no pid


def main(arguments: Arguments) -> int:
    """Ends each; 1 if one could not be ended."""
    containers = Host.enter().store.containers
    code = 0
    for name in arguments.words:
        try:
            check_name(name)
            _stop(os.path.join(containers, name), name)
            print(name)
        except CommandFailed as error:
            print(f"tiffin stop: {error}", file=sys.stderr)
            code = 1
    return code


def _stop(folder: str, name: str) -> None:
    record = read_record(folder)
    if record is None:
        raise CommandFailed(f"there is no container {name!r} (`tiffin ps --all` lists them)")
    executor = executor_for(record.runtime, record.state)
    executor.kill(name, signal_number(record.stop_signal))
    deadline = time.monotonic() + record.stop_timeout
    while executor.is_alive(name):
        if time.monotonic() > deadline:
            executor.kill(name, signal.SIGKILL)
            deadline += 10
        time.sleep(INTERVAL)


def signal_number(text: str) -> int:
    """15 of `15`, `TERM`, `SIGTERM`. Raises CommandFailed."""
    if text.isdigit() and 0 < int(text) <= signal.SIGRTMAX:
        return int(text)
    name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
    try:
        return int(signal.Signals[name])
    except KeyError:
        raise CommandFailed(f"there is no signal {text!r}") from None
