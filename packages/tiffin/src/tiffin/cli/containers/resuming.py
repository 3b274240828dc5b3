"""`tiffin unpause NAME...`: lets paused containers run on."""

from __future__ import annotations

from tiffin.cli.containers.each_container import for_each_container

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Thaws each; 1 if one was not paused."""
    return for_each_container("unpause", arguments, lambda containers, name: containers.resume(name))
