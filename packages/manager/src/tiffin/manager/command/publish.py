"""`tiffind publish`: hands an event on, as `containerd publish` does it: for shims that have no ttrpc."""

from __future__ import annotations

import time
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from tiffin.api.containerd.services.events.v1 import events_pb2 as events
from tiffin.api.containerd.services.events.v1.events_pb2_grpc import EventsStub
from tiffin.api.containerd.types.event_pb2 import Envelope
from tiffin.runtime.errors import InvalidArgument, OperationFailed

SECONDS = 5.0


def publish(address: str, namespace: str, topic: str, data: bytes) -> None:
    """Sends an event to the daemon.

    Args:
        address: path of its socket.
        namespace: in which it has happened.
        topic: `/tasks/exit` and the like.
        data: a `google.protobuf.Any` with the event.

    Raises:
        InvalidArgument: the data is none. OperationFailed: the daemon does not answer, or does not take it.
    """
    try:
        event = AnyMessage.FromString(data)
    except DecodeError as error:
        raise InvalidArgument(f"what is on stdin is no google.protobuf.Any: {error}") from None
    envelope = Envelope(namespace=namespace, topic=topic, event=event)
    envelope.timestamp.FromNanoseconds(time.time_ns())
    with grpc.insecure_channel(f"unix:{address}") as channel:
        stub: Any = EventsStub(channel)  # type: ignore[arg-type]  # its types are those of grpc.aio
        try:
            stub.Forward(events.ForwardRequest(envelope=envelope), timeout=SECONDS)
        except grpc.RpcError as error:
            raise OperationFailed(
                f"the event was not taken: {error.code().name}: {error.details()}"
            ) from None
