"""`Exchange`: takes events in, numbers them, and tells whoever subscribes."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any

from tiffin.api.typeurl import pack
from tiffin.manager.events.checking import check_envelope
from tiffin.manager.events.envelope import Envelope
from tiffin.manager.events.lost import EventsLost
from tiffin.manager.events.recent import Recent
from tiffin.manager.events.subscription import Matches, Subscription

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from google.protobuf.message import Message

Listener = Callable[[Envelope], None]
EVENTS = 16384
SIZE = 16 << 20  # bytes


class Exchange:
    """Events of a manager. Publishing is for any thread and waits for nobody; subscribing is for an event loop.

    The last events are kept once, in a ring, for all subscribers: a slow one costs the others nothing, and is told what
    it has lost. `epoch` says which life of the manager the numbers belong to.

    Args:
        events: how many are kept at most.
        size: how many bytes they take at most, about.
    """

    def __init__(self, *, events: int = EVENTS, size: int = SIZE) -> None:
        self._lock = threading.Lock()
        self._recent = Recent(events, size)
        self._subscriptions: set[Subscription] = set()
        self._listeners: tuple[Listener, ...] = ()
        self.epoch = os.urandom(8).hex()

    @property
    def next(self) -> int:
        """The number that the next event will have."""
        return self._recent.next

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._subscriptions)

    def publish(self, namespace: str, topic: str, event: Message) -> int:
        """Takes an event of our own, at the present time. event: a message, or an Any that holds one.

        Returns:
            its number.

        Raises:
            InvalidArgument: a namespace or topic that is none.
        """
        return self.forward(
            namespace, topic, time.time_ns(), event if isinstance(event, Any) else pack(event)
        )

    def forward(self, namespace: str, topic: str, timestamp: int | None, event: Any) -> int:
        """Takes an event that somebody else has published, with its time. Returns and raises as `publish`."""
        check_envelope(namespace, topic, timestamp)
        intern = sys.intern  # thousands of events share a few names
        owner, path, kind = intern(namespace), intern(topic), intern(event.type_url)
        with self._lock:
            envelope = Envelope(self._recent.next, timestamp or 0, owner, path, kind, event.value)
            self._recent.add(envelope)
            for listener in self._listeners:
                listener(envelope)
            for subscription in self._subscriptions:
                subscription.wake()
        return envelope.sequence

    def subscribe(
        self, matches: Matches | None = None, *, since: int | None = None
    ) -> AbstractContextManager[Subscription]:
        """Reads events from now on, or from a number on: `with exchange.subscribe() as events: async for ...`.

        Args:
            matches: which; None for all.
            since: the number of the first one that is wanted: the last one that was read, and one.

        Raises:
            EventsLost: the events from `since` on are not all there any more.
        """
        return self._subscribed(matches, since)

    @contextmanager
    def _subscribed(self, matches: Matches | None, since: int | None) -> Iterator[Subscription]:
        with self._lock:
            start = self._recent.next if since is None else since
            if start < self._recent.first:
                raise EventsLost(start, self._recent.first)
            subscription = Subscription(self._recent, matches, min(start, self._recent.next))
            self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                self._subscriptions.discard(subscription)
            subscription.close()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with each event, in their order, before subscribers see it, in the thread of the publisher.

        It does not wait, does not raise, and does not publish. Returns what ends it.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

        return end
