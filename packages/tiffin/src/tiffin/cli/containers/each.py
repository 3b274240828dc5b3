"""What the commands on named containers have in common: one after the other, and a failure stops none of the others."""

from __future__ import annotations

import sys

from tiffin.cli.failure import CommandFailed
from tiffin.cli.harmless import harmless
from tiffin.image.errors import ImageFailure
from tiffin.runtime.errors import RuntimeFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


EXPECTED: tuple[type[Exception], ...] = (CommandFailed, ImageFailure, RuntimeFailure)
"""What says that something could not be done, with one line for the user."""


def for_each(command: str, names: Iterable[str], act: Callable[[str], object]) -> int:
    """Calls `act` with each name, and prints the name, or why it could not be done.

    Returns:
        the exit code: 1 if one could not be done.
    """
    code = 0
    for name in names:
        try:
            act(name)
            print(name, flush=True)
        except EXPECTED as error:
            tell(command, error)
            code = 1
    return code


def tell(command: str, error: Exception) -> None:
    """Says why one of several could not be done."""
    print(f"tiffin {command}: {harmless(str(error), lines=True)}", file=sys.stderr)
