"""What the template does, the interpreter whose memory becomes the image: loads modules, and waits for a command.

The taker lets it run up to getppid(2) and copies its memory there. In a process that goes on from the image that call
returns the descriptor of the command, which the front has written:

    COUNT SIGINT-IS-IGNORED \\0 WORD \\0 ... NAME=VALUE \\0 ...
"""

from __future__ import annotations

import _signal
import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SIGXFSZ = 25
SEPARATOR = b"\0"
READY = b"\n"


def serve_one_command(modules: Sequence[str]) -> None:
    """Loads modules, and runs the command of the process that goes on from here; does not return.

    Everything that a process inherits is the new one's own: descriptors, directory, mask of signals, limits. What the
    interpreter asked of the kernel when it started is asked again: what it does at which signal, and the environment.
    """
    from ..command.main import main_of_snapshot

    for name in modules:
        __import__(name)
    posix.write(1, READY)
    posix.read(0, 1)
    descriptor = posix.getppid()
    words, ignores_interrupt = _read_command(descriptor)
    _signal.signal(_signal.SIGPIPE, _signal.SIG_IGN)
    _signal.signal(SIGXFSZ, _signal.SIG_IGN)
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN if ignores_interrupt else _signal.default_int_handler)
    main_of_snapshot(words)


def _read_command(descriptor: int) -> tuple[list[str], bool]:
    """The command line; its environment becomes ours. Also whether SIGINT is ignored."""
    data = posix.read(descriptor, posix.fstat(descriptor).st_size)
    posix.close(descriptor)
    first, *parts = data.split(SEPARATOR)
    count, ignores_interrupt = map(int, first.split())
    _set_environment(parts[count:-1])
    return [word.decode("utf-8", "surrogateescape") for word in parts[:count]], bool(ignores_interrupt)


def _set_environment(pairs: Sequence[bytes]) -> None:
    """As the interpreter does it; and the C library's, which programs get that are executed with none said."""
    for name in posix.environ:
        posix.unsetenv(name)
    posix.environ.clear()
    for pair in pairs:
        name, equals, value = pair.partition(b"=")
        if equals:
            posix.environ.setdefault(name, value)  # the first of two
    for name, value in posix.environ.items():
        if name:  # the C library takes no other
            posix.putenv(name, value)
