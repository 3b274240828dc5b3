"""`tiffin kill NAME...`: sends a signal to the first process of containers."""

from __future__ import annotations

import signal

from tiffin.cli.containers.each import for_each
from tiffin.cli.containers.record import find_record
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host


def main(arguments: Arguments) -> int:
    """Signals each; 1 if one does not run."""
    number = signal_number(arguments.text("signal", "KILL"))
    containers = Host.enter().swept().store.containers
    return for_each("kill", arguments.words, lambda name: _kill(containers, name, number))


def _kill(containers: str, name: str, number: int) -> None:
    record = find_record(containers, name)
    if not record.is_alive():
        raise CommandFailed(f"{name!r} does not run")
    record.executor().kill(name, number)


def signal_number(text: str) -> int:
    """15 of `15`, `TERM`, `SIGTERM`. Raises CommandFailed."""
    if text.isdigit() and 0 < int(text) <= signal.SIGRTMAX:
        return int(text)
    name = text.upper() if text.upper().startswith("SIG") else f"SIG{text.upper()}"
    try:
        return int(signal.Signals[name])
    except KeyError:
        raise CommandFailed(f"there is no signal {text!r}") from None
