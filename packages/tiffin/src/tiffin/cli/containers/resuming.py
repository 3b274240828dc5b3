"""`tiffin unpause NAME...`: lets paused containers run on."""

from __future__ import annotations

from tiffin.cli.containers.each import for_each
from tiffin.cli.containers.opening import open_containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Thaws each; 1 if one was not paused."""
    with open_containers(arguments) as containers:
        return for_each("unpause", arguments.words, containers.resume)
