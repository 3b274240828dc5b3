"""Where the command `tiffin-image` begins; `--version` costs nothing more than this file."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; returns the exit code of the process.

    Args:
        arguments: without the program's name; those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-v"]) and _version():
        return 0
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no trace of an import; `run` has a handler of its own
    from tiffin.image.command.application import run

    return run(words)


def _version() -> bool:
    """Prints it; false if that fails, which is told of by the usual way."""
    from tiffin.image.command import VERSION

    try:
        os.write(1, f"tiffin-image {VERSION}\n".encode())  # not by way of a buffer, which would keep it
    except OSError:
        return False
    return True
