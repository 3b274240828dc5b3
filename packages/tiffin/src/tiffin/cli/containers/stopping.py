"""`tiffin stop NAME...`: ends containers with their stop signal, and after their time with SIGKILL."""

from __future__ import annotations

import signal
import time

from tiffin.cli.containers.each import for_each
from tiffin.cli.containers.killing import signal_number
from tiffin.cli.containers.record import find_record
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.cli.run.units import decimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 0.02  # seconds; the process is nobody's child here, and an external runtime tells no pid
PATIENCE = 10.0  # seconds for the kernel to end a process that was killed


def main(arguments: Arguments) -> int:
    """Ends each; 1 if one could not be ended."""
    host = Host.enter().swept()
    seconds = decimal("time", arguments.text("time")) if arguments.given("time") else None
    code = for_each("stop", arguments.words, lambda name: _stop(host.store.containers, name, seconds))
    host.swept()
    return code


def _stop(containers: str, name: str, seconds: float | None) -> None:
    record = find_record(containers, name)
    if record.ended:
        return
    executor = record.executor()
    executor.kill(name, signal_number(record.stop_signal))
    if _ends(name, executor.is_alive, record.stop_timeout if seconds is None else seconds):
        return
    executor.kill(name, signal.SIGKILL)
    if not _ends(name, executor.is_alive, PATIENCE):
        raise CommandFailed(f"{name!r} still runs {PATIENCE:g} s after SIGKILL: it is stuck in the kernel")


def _ends(name: str, is_alive: Callable[[str], bool], seconds: float) -> bool:
    """Waits for the end of a container, so many seconds; tells whether it came."""
    deadline = time.monotonic() + seconds
    while is_alive(name):
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
    return True
