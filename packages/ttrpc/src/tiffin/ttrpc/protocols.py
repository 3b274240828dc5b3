"""Types of what is called by others; imported under TYPE_CHECKING only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, Self


class Message(Protocol):
    """What can be sent, and come: every class of protobuf messages is one."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The encoded message."""

    @classmethod
    def FromString(cls, data: bytes, /) -> Self:  # noqa: N802  # protobuf's name
        """The decoded message; raises an exception of its own if `data` is none."""


class MethodTypes(Protocol):
    """One method of a service, as data: `tiffin.api.service.Method` is one."""

    @property
    def request(self) -> type[Message]:
        """The class of what is asked."""

    @property
    def response(self) -> type[Message]:
        """The class of what is answered."""

    @property
    def client_streaming(self) -> bool:
        """Many requests come."""

    @property
    def server_streaming(self) -> bool:
        """Many responses go."""


class ServiceTypes(Protocol):
    """A service, as data: `tiffin.api.service.Service` is one."""

    @property
    def name(self) -> str:
        """As it stands on the wire."""

    @property
    def methods(self) -> Mapping[str, MethodTypes]:
        """Each by its name on the wire."""
