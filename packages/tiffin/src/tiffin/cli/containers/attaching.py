"""`tiffin attach NAME`: our streams joined to those of a container in the background."""

from __future__ import annotations

from tiffin.cli.containers.opening import open_containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Copies until its end, and returns its exit code; 0 once ctrl-p ctrl-q was typed."""
    with open_containers(arguments) as containers:
        return containers.attach(arguments.words[0], stdin=not arguments.switch("no-stdin"))
