"""The way in of `containerd-shim-tiffin-v2`: of the console script that front/ becomes, and of what a template forks.

Each action imports what it needs, and no more.
"""

from __future__ import annotations

import os
import sys

from tiffin.runtime.errors import InvalidArgument, RuntimeFailure
from tiffin.runtime.state.files import write_all

from .flags import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .flags import Invocation
    from .start import Worker

NAME = "containerd-shim-tiffin-v2"
FAILURE, USAGE = 1, 2
STDOUT, STDERR = 1, 2


def main() -> int:
    """Does the command line of this process; returns the exit code."""
    return run(sys.argv[1:])


def run(words: Sequence[str], worker: Worker | None = None) -> int:
    """Does a command line; returns the exit code. What goes wrong goes to standard error, for containerd.

    Args:
        worker: if this process is forked off a template.
    """
    try:
        return _run(parse(words), worker)
    except InvalidArgument as error:
        return _fail(str(error), USAGE)
    except (RuntimeFailure, OSError) as error:
        return _fail(str(error), FAILURE)


def _fail(message: str, code: int) -> int:
    """Without an end of line, as the real one: containerd puts it into a sentence."""
    write_all(STDERR, f"{NAME}: {message}".encode())
    return code


def _run(invocation: Invocation, worker: Worker | None) -> int:
    if invocation.help:
        from .usage import USAGE_TEXT

        write_all(STDOUT, USAGE_TEXT.encode())
        return 0
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
    return _act(invocation, worker)


def _act(invocation: Invocation, worker: Worker | None) -> int:
    if invocation.action == "start":
        from .start import start

        start(invocation, os.environ, worker)
        return 0
    if invocation.action == "delete":
        from .delete import delete

        write_all(STDOUT, delete(invocation))
        return 0
    if invocation.action:
        raise InvalidArgument(f"no such action: {invocation.action}")
    from .serve import serve_in_foreground

    return serve_in_foreground(invocation, os.environ)
