"""`tiffin kill NAME...`: sends a signal to the first process of containers."""

from __future__ import annotations

from tiffin.cli.containers.each_container import for_each_container
from tiffin.cli.containers.signals import signal_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Signals each; 1 if one does not run."""
    number = signal_number(arguments.text("signal", "KILL"))
    return for_each_container("kill", arguments, lambda containers, name: containers.kill(name, number))
