"""`Watcher`: the events of a containerd, in the order in which it got them."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from tiffin.api.containerd.services.events.v1.events_pb2 import PublishRequest, SubscribeRequest
from tiffin.api.containerd.services.events.v1.events_services import EVENTS
from tiffin.api.typeurl import pack, unpack
from tiffin.shim.events import values
from tiffin.shim.events.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

SECONDS = 30.0
READY = "/tests/ready"
BY_TOPIC = {kind.topic: message for kind, message in MESSAGES.items()}


class Seen(NamedTuple):
    """One event: its topic, the container, the process ("" for a task itself), and the whole message."""

    topic: str
    container: str
    process: str
    message: Any


class Watcher:
    """Subscribed when the block begins, which it makes sure of by an event of its own."""

    def __init__(self, address: str, namespace: str) -> None:
        self._metadata = (("containerd-namespace", namespace),)
        self._channel = grpc.insecure_channel(f"unix://{address}")
        self._publish: Any = self._method("Publish", self._channel.unary_unary)
        self._queue: queue.Queue[Seen] = queue.Queue()
        self._namespace = namespace
        self.seen: list[Seen] = []
        request = SubscribeRequest(filters=[f"namespace=={namespace}"])
        self._stream: Any = self._method("Subscribe", self._channel.unary_stream)(request)
        self._thread = threading.Thread(target=self._read)

    @staticmethod
    def _method(name: str, kind: Callable[..., Any]) -> Any:
        method = EVENTS.methods[name]
        return kind(
            f"/{EVENTS.name}/{name}",
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._until_subscribed()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _until_subscribed(self) -> None:
        while not self.seen:
            request = PublishRequest(topic=READY, event=pack(MESSAGES[values.TaskOOM]()))
            self._publish(request, metadata=self._metadata, timeout=SECONDS)
            try:
                self._next(0.2)
            except queue.Empty:
                continue
        self.seen.clear()

    def __exit__(self, *_: object) -> None:
        self._stream.cancel()
        self._thread.join()
        self._channel.close()

    def until(self, wanted: Callable[[Seen], bool]) -> Seen:
        """Waits for an event; all up to it are in `seen`."""
        while True:
            found = self._next(SECONDS)
            if wanted(found):
                return found

    def until_topic(self, topic: str, container: str) -> Seen:
        """Waits for an event of a container."""
        return self.until(lambda seen: (seen.topic, seen.container) == (topic, container))

    def of(self, container: str) -> list[tuple[str, str]]:
        """Topics and processes of a container's events so far."""
        return [(seen.topic, seen.process) for seen in self.seen if seen.container == container]

    def _next(self, seconds: float) -> Seen:
        found = self._queue.get(timeout=seconds)
        if found.topic != READY or not self.seen:
            self.seen.append(found)
        return found

    def _read(self) -> None:
        try:
            for envelope in self._stream:
                self._queue.put(_seen(envelope))
        except grpc.RpcError:  # the block has ended
            return


def _seen(envelope: Any) -> Seen:
    kind = BY_TOPIC.get(envelope.topic)
    if kind is None:
        return Seen(envelope.topic, "", "", envelope)
    message: Any = unpack(envelope.event, kind)
    process = getattr(message, "exec_id", "") or getattr(message, "id", "")
    return Seen(
        envelope.topic, message.container_id, "" if process == message.container_id else process, message
    )
