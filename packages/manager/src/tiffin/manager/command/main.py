"""Where the command `tiffind` begins; `--version` costs nothing more than this file."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves, or runs a verb; returns the exit code of the process.

    Args:
        arguments: without the program's name; those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-v"]):
        from tiffin.manager import VERSION

        print(f"tiffind {VERSION}")
        return 0
    from tiffin.manager.command.options import Settings, quickly

    options = quickly(words)
    if options is None:
        from tiffin.manager.command.application import run

        return run(words)
    from tiffin.manager.command.serve import reported

    return reported(Settings(options).load)
