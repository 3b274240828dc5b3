"""Which fields an update means: `google.protobuf.FieldMask`, as containerd reads it.

A path `labels.KEY` means one label, whatever KEY has in it. No path means all that can be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.field_mask_pb2 import FieldMask

from tiffin.image.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from google.protobuf.message import Message

LABELS = "labels"


class LabelChange(NamedTuple):
    """What `update` of a store takes: an empty value removes a label. replace: whether the other labels go."""

    labels: dict[str, str]
    replace: bool


def label_change(paths: Sequence[str], labels: Mapping[str, str], what: str) -> LabelChange:
    """For things of which only labels can be changed. what: for the error. Raises InvalidArgument."""
    if not paths:
        return LabelChange(dict(labels), replace=True)
    changes: dict[str, str] = {}
    for path in paths:
        if path == LABELS:
            changes.update(labels)
        elif key := path.removeprefix(f"{LABELS}.") if path.startswith(f"{LABELS}.") else "":
            changes[key] = labels.get(key, "")
        else:
            raise InvalidArgument(f"cannot update {path!r} field on {what}")
    return LabelChange(changes, replace=LABELS in paths)


def merge(
    target: Message, asked: Message, paths: Iterable[str], fields: Mapping[str, str], what: str
) -> None:
    """Changes a message in place.

    Args:
        target: is changed. asked: has the new values.
        paths: which. `NAME.KEY` means one entry of the map NAME.
        fields: the paths that may be changed, and the names of their fields.
        what: for the error.

    Raises:
        InvalidArgument: something else cannot be changed.
    """
    for path in paths:
        name, dot, key = path.partition(".")
        field = fields.get(path) or (fields.get(name) if dot else None)
        if field is None or (dot and not _is_map(target, field)):
            raise InvalidArgument(f"cannot update {path!r} field on {what}")
        if dot:
            _merge_entry(target, asked, field, key)
        else:
            FieldMask(paths=[field]).MergeMessage(
                asked, target, replace_message_field=True, replace_repeated_field=True
            )


def _is_map(message: Message, field: str) -> bool:
    kind = message.DESCRIPTOR.fields_by_name[field].message_type
    return kind is not None and bool(kind.GetOptions().map_entry)


def _merge_entry(target: Message, asked: Message, field: str, key: str) -> None:
    entries, values = getattr(target, field), getattr(asked, field)
    if key not in values:
        entries.pop(key, None)
    elif isinstance(values[key], str):
        entries[key] = values[key]
    else:
        entries[key].CopyFrom(values[key])
