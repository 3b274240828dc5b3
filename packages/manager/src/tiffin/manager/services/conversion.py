"""Our values as containerd's messages, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from tiffin.api.containerd.types.descriptor_pb2 import Descriptor as DescriptorMessage
from tiffin.api.containerd.types.mount_pb2 import Mount as MountMessage
from tiffin.image.digest import split_digest
from tiffin.image.documents import Descriptor
from tiffin.image.errors import InvalidArgument, InvalidImage
from tiffin.image.snapshots.protocol import Mount

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND = 1_000_000_000
LATEST = 2**63  # nanoseconds since 1970: what the database can hold


def timestamp(moment: int) -> Timestamp:
    """A time in nanoseconds since 1970."""
    return Timestamp(seconds=moment // SECOND, nanos=moment % SECOND)


def nanoseconds(moment: Timestamp) -> int:
    """A client's time, in nanoseconds since 1970. Raises InvalidArgument: it is none, or after 2262."""
    try:
        found = moment.ToNanoseconds()
    except ValueError as error:
        raise InvalidArgument(str(error)) from None
    if not -LATEST < found < LATEST:
        raise InvalidArgument(f"a time {moment.seconds} seconds from 1970 cannot be kept")
    return found


def checked_digest(digest: str) -> str:
    """The digest itself. Raises InvalidArgument if it is none: it becomes a path."""
    try:
        split_digest(digest)
    except InvalidImage:
        raise InvalidArgument(f"{digest[:200]!r} failed validation") from None
    return digest


def descriptor_message(descriptor: Descriptor) -> DescriptorMessage:
    """A descriptor for a client."""
    return DescriptorMessage(
        media_type=descriptor.media_type,
        digest=descriptor.digest,
        size=descriptor.size,
        annotations=descriptor.annotations,
    )


def descriptor_value(message: DescriptorMessage) -> Descriptor:
    """A client's descriptor; nothing is checked."""
    return Descriptor(message.media_type, message.digest, message.size, dict(message.annotations), None)


def mount_messages(mounts: Iterable[Mount]) -> list[MountMessage]:
    """Mounts for a client."""
    return [MountMessage(type=one.type, source=one.source, options=one.options) for one in mounts]


def mount_values(messages: Iterable[MountMessage]) -> tuple[Mount, ...]:
    """A client's mounts. Raises InvalidArgument: one has a target, which only a mount manager knows what to do with."""
    found = []
    for message in messages:
        if message.target:
            raise InvalidArgument(f"a mount at {message.target!r} within another cannot be made here")
        found.append(Mount(message.type, message.source, tuple(message.options)))
    return tuple(found)
