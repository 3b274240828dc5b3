"""`tiffin stop NAME...`: ends containers with their stop signal, and after their time with SIGKILL."""

from __future__ import annotations

from tiffin.cli.containers.each_container import for_each_container
from tiffin.cli.run.units import decimal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments

FOR_EVER = -1.0  # docker's -1: it is never killed


def main(arguments: Arguments) -> int:
    """Ends each; 1 if one could not be ended."""
    text = arguments.text("time")
    seconds = None if not arguments.given("time") else FOR_EVER if text == "-1" else decimal("time", text)
    return for_each_container("stop", arguments, lambda containers, name: containers.stop(name, seconds))
