"""Hypothesis strategies for messages of any type, made from their descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import strategies as st

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
UINT32 = st.integers(0, 2**32 - 1)
UINT64 = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DEEPEST = (
    3  # levels of messages within messages; the specs' own have at most five, but then grow too large to draw
)

SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_INT32: INT32,
    FieldDescriptor.TYPE_INT64: INT64,
    FieldDescriptor.TYPE_UINT32: UINT32,
    FieldDescriptor.TYPE_UINT64: UINT64,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False),
    FieldDescriptor.TYPE_STRING: TEXT,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=40),
    FieldDescriptor.TYPE_ENUM: INT32,  # proto3's are open: a newer peer's number passes through
}


def values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    """One value of a field, or one element of a repeated one."""
    if field.message_type is None:
        return SCALARS[field.type]
    return messages(field.message_type, depth + 1)


def contents(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    """What a field may hold, as its constructor takes it."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return st.dictionaries(SCALARS[key.type], values(value, depth), max_size=3)
    if field.is_repeated:
        return st.lists(values(field, depth), max_size=3)
    return values(field, depth)


@st.composite
def messages(draw: st.DrawFn, descriptor: Descriptor, depth: int = 0) -> Message:
    """A message with some of its fields; the deepest ones have scalars only."""
    made = message_factory.GetMessageClass(descriptor)
    fields = [field for field in descriptor.fields if depth < DEEPEST or field.message_type is None]
    chosen = [field for field in fields if draw(st.booleans())]
    return made(**{field.name: draw(contents(field, depth)) for field in chosen})
