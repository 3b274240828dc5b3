"""Changing limits of a container that runs: what `update` writes, what it merges, and the way back if it fails."""

from __future__ import annotations

from ..errors import CleanupFailed, OperationFailed
from .apply import apply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..plan.operation import Operation

# What `update` does not take from the new resources is kept; these are replaced even when absent (runc, update.go).
REPLACED_IN_CPU = ("cpus", "mems", "idle", "burst")


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


def merge_resources(current: Mapping[str, Any] | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """`linux.resources` after an update, by runc's rules, to be set and to be stored.

    Memory, shares, realtime and weights are kept where the change has none. Quota and period go together: if the
    change has just one of them, the other is kept; if it has neither, both are forgotten (and not written again).
    CPU and memory lists, idle, burst, pids and unified are taken from the change alone. A rate for a device that
    has one replaces it.
    """
    merged = dict(current or {})
    for key in ("memory", "cpu", "blockIO"):
        new = {name: value for name, value in (changes.get(key) or {}).items() if value is not None}
        old = dict(merged.get(key) or {})
        if key == "cpu":
            old = _kept_cpu(old, new)
        if key == "blockIO":
            new = _merged_devices(old, new)
        merged[key] = {**old, **new}
    for key in ("pids", "unified"):
        merged[key] = changes.get(key) or {}
    return merged


def _kept_cpu(old: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in old.items() if name not in REPLACED_IN_CPU}
    if not new.get("quota") and not new.get("period"):
        kept.pop("quota", None)
        kept.pop("period", None)
    if new.get("idle") is not None and new.get("shares") is None:
        kept.pop("shares", None)  # an idle cgroup takes no weight
    return kept


def _merged_devices(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Lists of devices: an entry for the same device is replaced (weights field by field), others are added."""
    merged = dict(new)
    for key, entries in new.items():
        if isinstance(entries, list):
            by_number = {(entry["major"], entry["minor"]): dict(entry) for entry in old.get(key) or ()}
            for entry in entries:
                by_number.setdefault((entry["major"], entry["minor"]), {}).update(entry)
            merged[key] = list(by_number.values())
    return merged
