"""What a shim's error is here: one table, from the codes of google.rpc to our classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.runtime import errors
from tiffin.ttrpc import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

CLASSES: Mapping[int, type[errors.RuntimeFailure]] = {
    Code.INVALID_ARGUMENT: errors.InvalidArgument,
    Code.NOT_FOUND: errors.NotFound,
    Code.ALREADY_EXISTS: errors.AlreadyExists,
    Code.FAILED_PRECONDITION: errors.FailedPrecondition,
    Code.UNAVAILABLE: errors.Unavailable,
    Code.DEADLINE_EXCEEDED: errors.TimedOut,
    Code.UNIMPLEMENTED: errors.Unsupported,
}


def failure_of(code: int, message: str) -> errors.RuntimeFailure:
    """The exception to raise; OperationFailed for what has no class of its own."""
    return CLASSES.get(code, errors.OperationFailed)(message)
