"""`tiffin rm NAME...`: removes containers."""

from __future__ import annotations

from tiffin.cli.containers.each import for_each
from tiffin.cli.containers.opening import open_containers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Removes each; 1 if one could not be removed."""
    force = arguments.switch("force")
    with open_containers(arguments) as containers:
        return for_each("rm", arguments.words, lambda name: containers.remove(name, force=force))
