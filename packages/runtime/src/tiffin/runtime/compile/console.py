"""process.terminal and process.consoleSize."""

from __future__ import annotations

from ..plan.operations import STEP_INIT, open_console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ProcessTree

    from ..plan.operation import Operation


def console_operations(
    process: ProcessTree, socket: str, descriptor: int, *, mounted: bool
) -> list[Operation]:
    """The terminal, if the process wants one.

    Args:
        socket: path of the socket that gets the master, "" if there is none.
        descriptor: a connected socket that gets it instead, -1 if there is none.
        mounted: it is to be /dev/console too: of a container, not of a further process in it.
    """
    if not process.get("terminal"):
        return []
    size = process.get("consoleSize", {})
    width, height = size.get("width", 0), size.get("height", 0)
    return [
        open_console(STEP_INIT, "process.terminal", socket or None, descriptor, width, height, int(mounted))
    ]
