"""Entries of an image's history: image-spec `config.md`, "history"."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tiffin.image.errors import InvalidArgument
from tiffin.image.rfc3339 import is_time
from tiffin.runtime.record import Record


class HistoryEntry(Record):
    """What is to stand there. created: RFC 3339; "" for now. author: "" for the image's. comment: "" for none."""

    created_by: str
    created: str = ""
    author: str = ""
    comment: str = ""


def with_entry(
    tree: dict[str, Any], entry: HistoryEntry | None, epoch: int | None, *, empty: bool
) -> dict[str, Any]:
    """A config with one more entry.

    Args:
        tree: the config.
        entry: None leaves it as it is.
        epoch: the time of `now`, in seconds since 1970; None for the clock.
        empty: whether it adds no layer.

    Raises:
        InvalidArgument: if the time of the entry is none.
    """
    if entry is None:
        return tree
    if entry.created:
        check_time(entry.created)
    told = {
        "created": entry.created or moment(epoch),
        "created_by": entry.created_by,
        "author": entry.author or tree.get("author", ""),
        "comment": entry.comment,
        "empty_layer": empty,
    }
    added = {name: value for name, value in told.items() if value}
    return {**tree, "history": [*(tree.get("history") or []), added]}


def moment(epoch: int | None) -> str:
    """A time as an image has it (RFC 3339): seconds since 1970, or now. Raises InvalidArgument past the year 9999."""
    try:
        time = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(epoch, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidArgument(f"{epoch} seconds since 1970 are no time that an image can have") from error
    return time.isoformat().replace("+00:00", "Z")


def check_time(text: str) -> None:
    """Raises InvalidArgument for what is no time of RFC 3339."""
    if not is_time(text):
        raise InvalidArgument(
            f"{text!r} is no time: write it as 2030-01-31T12:00:00Z, or with +01:00 for the Z"
        )
