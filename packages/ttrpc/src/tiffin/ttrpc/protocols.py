"""Types of what is called by others; imported under TYPE_CHECKING only."""

from __future__ import annotations

from typing import Protocol, Self


class Message(Protocol):
    """What can be sent, and come: every class of protobuf messages is one."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The encoded message."""

    @classmethod
    def FromString(cls, data: bytes, /) -> Self:  # noqa: N802  # protobuf's name
        """The decoded message; raises an exception of its own if `data` is none."""
