"""Errors as gRPC's status codes: one table. The text is the error's, with the word that containerd's clients cut off.

Source: containerd's package errdefs, `ToGRPC` and `FromGRPC`. A full disk, which containerd calls unknown, has a code.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from grpc import StatusCode

from tiffin.image import errors as image
from tiffin.runtime import errors as runtime

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 4000  # of a text: gRPC takes 8 kB of headers by default
ESCAPED = 3  # what a byte that is not ASCII takes in them


class Refused(Exception):
    """An error with a code that none of our classes has: OUT_OF_RANGE, for example."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Status(NamedTuple):
    """What an error becomes. suffix: what containerd's errors of this class end with; "" if they have no class."""

    code: StatusCode
    suffix: str = ""


INVALID = Status(StatusCode.INVALID_ARGUMENT, "invalid argument")
NOT_FOUND = Status(StatusCode.NOT_FOUND, "not found")
EXISTS = Status(StatusCode.ALREADY_EXISTS, "already exists")
PRECONDITION = Status(StatusCode.FAILED_PRECONDITION, "failed precondition")
UNAVAILABLE = Status(StatusCode.UNAVAILABLE, "unavailable")
UNIMPLEMENTED = Status(StatusCode.UNIMPLEMENTED, "not implemented")
UNKNOWN = Status(StatusCode.UNKNOWN)
INTERNAL = Status(StatusCode.INTERNAL)
EXHAUSTED = Status(StatusCode.RESOURCE_EXHAUSTED)
DENIED = Status(StatusCode.PERMISSION_DENIED)

# the first that fits counts: a subclass stands before its base
CLASSES: Mapping[type[BaseException], Status] = {
    image.InvalidReference: INVALID,
    image.InvalidArgument: INVALID,
    image.AlreadyExists: EXISTS,
    image.FailedPrecondition: PRECONDITION,
    image.Unavailable: UNAVAILABLE,
    image.PermissionDenied: DENIED,
    image.NotFound: NOT_FOUND,
    image.DigestMismatch: PRECONDITION,
    image.InvalidImage: INVALID,
    image.DataLoss: Status(StatusCode.DATA_LOSS),
    image.Stopped: Status(StatusCode.CANCELLED, "context canceled"),
    image.Unsupported: UNIMPLEMENTED,
    runtime.InvalidArgument: INVALID,
    runtime.NotFound: NOT_FOUND,
    runtime.AlreadyExists: EXISTS,
    runtime.FailedPrecondition: PRECONDITION,
    runtime.TimedOut: Status(StatusCode.DEADLINE_EXCEEDED, "context deadline exceeded"),
    runtime.Unavailable: UNAVAILABLE,
    runtime.Unsupported: UNIMPLEMENTED,
    runtime.OperationFailed: UNKNOWN,
    runtime.CleanupFailed: UNKNOWN,
    TimeoutError: Status(StatusCode.DEADLINE_EXCEEDED, "context deadline exceeded"),
}
NUMBERS: Mapping[int, Status] = {
    errno.ENOSPC: EXHAUSTED,
    errno.EDQUOT: EXHAUSTED,
    errno.EMFILE: EXHAUSTED,
    errno.ENFILE: EXHAUSTED,
    errno.ENOMEM: EXHAUSTED,
    errno.EROFS: PRECONDITION,
    errno.EPERM: DENIED,
    errno.EACCES: DENIED,
    errno.EBUSY: UNAVAILABLE,
}


def status_of(error: BaseException) -> Status:
    """What an error becomes; INTERNAL for one that nobody expects, which is a mistake of ours."""
    if isinstance(error, Refused):
        return Status(error.code)
    for kind, status in CLASSES.items():
        if isinstance(error, kind):
            return status
    if isinstance(error, OSError):
        return NUMBERS.get(error.errno or 0, UNKNOWN)
    return INTERNAL


def text_of(error: BaseException, status: Status) -> str:
    """The error's text, shortened, and the suffix of its class."""
    text = _shortened(str(error)) or type(error).__name__
    if status is INTERNAL:
        text = f"internal error: {type(error).__name__}: {text}"
    if not status.suffix or text == status.suffix or text.endswith(f": {status.suffix}"):
        return text
    return f"{text}: {status.suffix}"


def _shortened(text: str) -> str:
    """What a header has room for; a name of a file may be no UTF-8."""
    most = MOST_BYTES if text.isascii() else MOST_BYTES // ESCAPED
    return text.encode("utf-8", "backslashreplace")[:most].decode("utf-8", "ignore")
