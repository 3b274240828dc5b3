"""The error classes of the runtime: containerd's `errdefs`, as far as an executor needs them.

Decide on the class, never on the text. The command line maps each class to an exit code in one table
(`tiffin.runtime.command.exit_codes`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class RuntimeFailure(Exception):
    """Base class: something that the caller may want to tell apart by its subclass."""


class InvalidArgument(RuntimeFailure):
    """A flag, an id or a config that cannot be used; the text names the flag or the JSON path."""


class NotFound(RuntimeFailure):
    """There is no such container, process, bundle or file."""


class AlreadyExists(RuntimeFailure):
    """The id is in use."""


class FailedPrecondition(RuntimeFailure):
    """The container is not in a state that allows this."""


class TimedOut(RuntimeFailure):
    """It did not end in the time that was given; it was killed, if it was ours to kill.

    Args:
        stdout, stderr: what it had written till then, where that was captured.
    """

    def __init__(self, message: str, *, stdout: bytes = b"", stderr: bytes = b"") -> None:
        super().__init__(message)
        self.stdout = stdout
        self.stderr = stderr


class Unavailable(RuntimeFailure):
    """Not now: who should answer does not, or somebody else is at it. Trying again may help."""


class Unsupported(RuntimeFailure):
    """This host, or the kernel, cannot do what the config asks for."""


class OperationFailed(RuntimeFailure):
    """A kernel operation of the plan failed.

    Args:
        message: what was attempted, for a person.
        where: JSON path in the config that the operation came from, or "" if from none.
        errno: the kernel's reason, 0 if there is none.
        program: set if the failed step was to find or execute the user's program.
    """

    def __init__(self, message: str, *, where: str = "", errno: int = 0, program: bool = False) -> None:
        super().__init__(message)
        self.where = where
        self.errno = errno
        self.program = program


class CleanupFailed(RuntimeFailure):
    """The work failed, or succeeded, and then some of its undo steps failed too; nothing is hidden."""

    def __init__(self, message: str, causes: Sequence[BaseException]) -> None:
        super().__init__(f"{message}: " + "; ".join(str(cause) for cause in causes))
        self.causes = tuple(causes)
