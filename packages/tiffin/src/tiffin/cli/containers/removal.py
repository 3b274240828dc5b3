"""`tiffin rm NAME...`: removes containers."""

from __future__ import annotations

from tiffin.cli.containers.each_container import for_each_container

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Removes each; 1 if one could not be removed."""
    force = arguments.switch("force")
    return for_each_container("rm", arguments, lambda containers, name: containers.remove(name, force=force))
