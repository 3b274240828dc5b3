"""`tiffin pause NAME...`: freezes all processes of containers."""

from __future__ import annotations

from tiffin.cli.containers.each_container import for_each_container

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Freezes each; 1 if one could not be frozen."""
    return for_each_container("pause", arguments, lambda containers, name: containers.pause(name))
