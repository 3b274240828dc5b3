"""`tiffin top NAME [PS OPTION...]`: the processes of a container, as the host's ps prints them."""

from __future__ import annotations

from tiffin.cli.containers.opening import open_containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Prints them. The options of ps must keep its column PID."""
    from tiffin.runtime.lifecycle.processes import process_table

    name = arguments.words[0]
    with open_containers(arguments, beside=name) as containers:
        pids = containers.pids(name)
    print(process_table(pids, arguments.words[1:]), end="")
    return 0
