"""Errors as callers of a shim get them: one table, class to code; and the words that Docker and Kubernetes look for.

containerd decides on the code. Docker also reads the text: "OCI runtime create failed" and "OCI runtime exec failed"
with the runtime's own words after it ("executable file not found") make its exit status 127 instead of 128.

Source: containerd, errdefs and cmd/containerd-shim-runc-v2/process; moby, daemon/errors.go.
"""

from __future__ import annotations

from tiffin.runtime import errors
from tiffin.ttrpc import Code, RpcError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CODES: Mapping[type[errors.RuntimeFailure], Code] = {
    errors.InvalidArgument: Code.INVALID_ARGUMENT,
    errors.NotFound: Code.NOT_FOUND,
    errors.AlreadyExists: Code.ALREADY_EXISTS,
    errors.FailedPrecondition: Code.FAILED_PRECONDITION,
    errors.TimedOut: Code.DEADLINE_EXCEEDED,
    errors.Unavailable: Code.UNAVAILABLE,
    errors.Unsupported: Code.UNIMPLEMENTED,
    errors.OperationFailed: Code.UNKNOWN,  # what the real shim answers with when its runtime fails
    errors.CleanupFailed: Code.UNKNOWN,
    errors.RuntimeFailure: Code.UNKNOWN,
}
RUNTIME_FAILED = "OCI runtime {} failed: {}"


def code_of(error: errors.RuntimeFailure) -> Code:
    """The code of the nearest class in the table."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def rpc_error(error: errors.RuntimeFailure, verb: str) -> RpcError:
    """What the caller of a method is told. verb: what the method asked of the OCI runtime, "" if nothing."""
    text = str(error)
    if verb and isinstance(error, errors.OperationFailed):
        text = RUNTIME_FAILED.format(verb, text)
    return RpcError(code_of(error), text)
