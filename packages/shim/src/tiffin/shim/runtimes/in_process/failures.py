"""What our executor raises, as the command line of a runtime would have told it: one table for both."""

from __future__ import annotations

from tiffin.runtime.command.messages import failure_message
from tiffin.runtime.errors import (
    AlreadyExists,
    FailedPrecondition,
    NotFound,
    OperationFailed,
    RuntimeFailure,
    TimedOut,
    Unavailable,
    Unsupported,
)

NAME = "tiffin-runtime"
KEPT = (AlreadyExists, NotFound, TimedOut, Unavailable, Unsupported)


MAKING = ("create", "restore")


def failure_of(verb: str, error: RuntimeFailure | OSError, *, known: bool) -> RuntimeFailure:
    """The error for the port, with the text of the command line.

    Args:
        verb: of the command line.
        known: there is such a container. If not, that is what is wrong, whatever else is.
    """
    text = failure_message(verb, NAME, error).strip()
    if isinstance(error, NotFound) and verb in MAKING:  # the bundle, or its config
        return OperationFailed(text)
    if not known and verb not in MAKING:
        return NotFound(text if isinstance(error, NotFound) else "container does not exist")
    if isinstance(error, KEPT):
        return type(error)(text)
    if isinstance(error, FailedPrecondition) and verb == "kill":
        return NotFound(text)  # there is no process any more
    if isinstance(error, OperationFailed):
        return OperationFailed(text, where=error.where, errno=error.errno, program=error.program)
    return OperationFailed(text, errno=(error.errno or 0) if isinstance(error, OSError) else 0)
