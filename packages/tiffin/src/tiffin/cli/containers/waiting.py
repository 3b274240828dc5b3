"""`tiffin wait NAME...`: waits for the end of containers."""

from __future__ import annotations

from tiffin.cli.containers.each import EXPECTED, tell
from tiffin.cli.containers.opening import open_containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Prints an exit code for each, in the order of the names; 1 if one could not be waited for."""
    code = 0
    with open_containers(arguments, swept=False) as containers:
        for name in arguments.words:
            try:
                print(containers.wait(name), flush=True)
            except EXPECTED as error:
                tell("wait", error)
                code = 1
    return code
