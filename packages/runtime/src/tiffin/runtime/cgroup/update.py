"""Changing limits of a container that runs: what `update` writes, and the way back if it fails."""

from __future__ import annotations

from ..errors import CleanupFailed, OperationFailed
from .apply import apply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..plan.operation import Operation


def apply_update(
    operations_of: Callable[[Mapping[str, Any]], Sequence[Operation]],
    resources: Mapping[str, Any],
    previous: Mapping[str, Any] | None,
    explain: Callable[[OperationFailed], str],
) -> None:
    """Writes all limits; if one fails, writes the previous ones.

    Args:
        operations_of: makes the operations of a manager; it reads current values, so it is called anew to go back.
        resources: the new `linux.resources`.
        previous: the old ones; None if there is no way back.
        explain: a better text for some failures, or "".

    Raises:
        OperationFailed: a write failed, and the previous limits hold.
        CleanupFailed: going back failed too.
    """
    try:
        apply(operations_of(resources))
    except OperationFailed as failure:
        text = explain(failure)
        named = (
            OperationFailed(f"{text}: {failure}", where=failure.where, errno=failure.errno)
            if text
            else failure
        )
        if previous is not None:
            try:
                apply(operations_of(previous))
            except OperationFailed as again:
                raise CleanupFailed(
                    "update failed, and its limits could not be set back", (named, again)
                ) from again
        raise named from failure
