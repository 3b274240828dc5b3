"""Statuses of gRPC as errors of ours: the table of `grpc_edge.statuses` the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc import StatusCode

from tiffin.runtime.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OperationFailed,
    RuntimeFailure,
    TimedOut,
    Unavailable,
    Unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class DataLoss(RuntimeFailure):
    """Something is damaged, or was missed: events that went by while nobody took them."""


CLASSES: Mapping[StatusCode, type[RuntimeFailure]] = {
    StatusCode.INVALID_ARGUMENT: InvalidArgument,
    StatusCode.OUT_OF_RANGE: InvalidArgument,
    StatusCode.NOT_FOUND: NotFound,
    StatusCode.ALREADY_EXISTS: AlreadyExists,
    StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    StatusCode.UNAVAILABLE: Unavailable,
    StatusCode.ABORTED: Unavailable,
    StatusCode.RESOURCE_EXHAUSTED: Unavailable,
    StatusCode.DEADLINE_EXCEEDED: TimedOut,
    StatusCode.UNIMPLEMENTED: Unsupported,
    StatusCode.DATA_LOSS: DataLoss,
}


def failure_of(code: StatusCode, text: str) -> RuntimeFailure:
    """What a caller gets. OperationFailed: the manager's own work failed, and the text is all that is known."""
    return CLASSES.get(code, OperationFailed)(text)
