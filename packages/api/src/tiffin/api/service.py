"""What a service offers, as plain data: the generated modules `*_services` hold a `Service` for each. No grpc."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message


class Method(NamedTuple):
    """One method of a service.

    Args:
        request: the class of what is asked.
        response: the class of what is answered.
        client_streaming: many requests come.
        server_streaming: many responses go.
    """

    request: type[Message]
    response: type[Message]
    client_streaming: bool = False
    server_streaming: bool = False


class Service(NamedTuple):
    """One service.

    Args:
        name: with its package, as it stands on the wire: `containerd.task.v2.Task`.
        methods: each by its name on the wire: `Create`. It cannot be changed.
    """

    name: str
    methods: Mapping[str, Method]
