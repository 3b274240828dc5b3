"""The way in of `containerd-shim-tiffin-v2`. Each action imports what it needs, and no more."""

from __future__ import annotations

import posix
import sys

from tiffin.runtime.errors import InvalidArgument, RuntimeFailure
from tiffin.runtime.state.files import write_all

from .flags import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .flags import Invocation

NAME = "containerd-shim-tiffin-v2"
FAILURE, USAGE = 1, 2
STDOUT, STDERR = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code. What goes wrong goes to standard error, for containerd."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        return _run(parse(words))
    except InvalidArgument as error:
        return _fail(str(error), USAGE)
    except (RuntimeFailure, OSError) as error:
        return _fail(str(error), FAILURE)


def _fail(message: str, code: int) -> int:
    write_all(
        STDERR, f"{NAME}: {message}".encode()
    )  # without an end of line, as the real one: it is put into a sentence
    return code


def _run(invocation: Invocation) -> int:
    if invocation.version:
        from .version import version_text

        write_all(STDOUT, version_text().encode())
        return 0
    if invocation.info:
        from .info import info

        write_all(STDOUT, info())
        return 0
    if not invocation.namespace:
        raise InvalidArgument("shim namespace cannot be empty")
    return _act(invocation, _environment())


def _act(invocation: Invocation, environment: Mapping[str, str]) -> int:
    if invocation.action == "start":
        from .start import start

        start(invocation, environment)
        return 0
    if invocation.action == "delete":
        from .delete import delete

        write_all(STDOUT, delete(invocation))
        return 0
    if invocation.action:
        raise InvalidArgument(f"no such action: {invocation.action}")
    from .serve import serve_in_foreground

    return serve_in_foreground(invocation, environment)


def _environment() -> dict[str, str]:
    """As os.environ, which takes longer."""
    return {
        name.decode("utf-8", "surrogateescape"): value.decode("utf-8", "surrogateescape")
        for name, value in posix.environ.items()
    }
