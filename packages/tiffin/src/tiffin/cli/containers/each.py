"""What the commands on named containers have in common: one after the other, and a failure stops none of the others."""

from __future__ import annotations

import sys

from tiffin.cli.failure import CommandFailed
from tiffin.image.errors import ImageFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def for_each(command: str, names: Iterable[str], act: Callable[[str], object]) -> int:
    """Calls `act` with each name, and prints the name, or why it could not be done.

    Returns:
        the exit code: 1 if one could not be done.
    """
    code = 0
    for name in names:
        try:
            act(name)
            print(name)
        except (CommandFailed, ImageFailure) as error:
            print(f"tiffin {command}: {error}", file=sys.stderr)
            code = 1
    return code
