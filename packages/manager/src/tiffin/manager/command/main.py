"""Where the command `tiffind` begins; `--version` costs nothing more than this file."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves, or runs a verb; returns the exit code of the process.

    Args:
        arguments: without the program's name; those of the process by default.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):  # before sockets and databases get their numbers
        from tiffin.image.command.streams import prepare

        prepare()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-v"]) and _version():
        return 0
    from tiffin.manager.command.options import Settings, quickly

    options = quickly(words)
    if options is None:
        from tiffin.manager.command.application import run

        return run(words)
    _import_asyncio_alone()
    from tiffin.manager.command.serve import reported

    return reported(Settings(options).load)


def _version() -> bool:
    """Prints it; false if that fails, which is told of by the usual way."""
    from tiffin.manager import VERSION

    try:
        os.write(1, f"tiffind {VERSION}\n".encode())  # not by way of a buffer, which would keep it
    except OSError:
        return False
    return True


def _import_asyncio_alone() -> None:
    """asyncio would bring OpenSSL, which stays: gRPC has its own, and a pull imports it when it needs it."""
    if "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment]  # None: the import fails, as where there is no OpenSSL
        import asyncio  # noqa: F401  # for what it leaves in sys.modules

        del sys.modules["ssl"]
