"""What services need of the rest of the manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from google.protobuf.message import Message


class Publish(Protocol):
    """Tells subscribers of an event; called from threads. `Exchange.publish` is one."""

    def __call__(self, namespace: str, topic: str, event: Message, /) -> object: ...


class Collect(Protocol):
    """Collects garbage, and returns when that is done: for clients that ask to wait for it."""

    def __call__(self) -> object: ...


def publish_nothing(_namespace: str, _topic: str, _event: Message) -> None:
    """For where nobody subscribes."""
