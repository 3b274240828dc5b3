"""`tiffin logs NAME`: what a container in the background has written, to stdout and stderr as it was."""

from __future__ import annotations

from tiffin.cli.containers.opening import open_containers
from tiffin.cli.containers.port import LogView
from tiffin.cli.run.units import integer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Prints it. Raises CommandFailed for a container that has no log."""
    tail = arguments.text("tail", "all")
    view = LogView(
        follow=arguments.switch("follow"),
        tail=-1 if tail == "all" else integer("tail", tail),
        timestamps=arguments.switch("timestamps"),
    )
    # not swept: the log of one that has just ended may be wanted
    with open_containers(arguments, swept=False) as containers:
        containers.logs(arguments.words[0], view)
    return 0
