"""`Publisher`: sends events to a containerd, in order, and blocks nobody: who publishes only puts into a queue.

One event is on its way at a time, since containerd's server handles what comes at once in any order. An event is sent
until containerd has taken it, however long containerd is away; one that was taken while its answer got lost is sent
twice. What happens when the queue is full, or containerd refuses an event, stands at `Publisher`.

Source: containerd, api/services/ttrpc/events/v1; pkg/shim/publisher.go has the same bound and time limit, but sends an
event that failed after those that came later, and gives it up after five times.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from time import time_ns

from tiffin.api.containerd.services.ttrpc.events.v1 import events_pb2
from tiffin.api.typeurl import pack
from tiffin.ttrpc import Client, Code, Raw, RpcError

from .messages import message_of, timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .values import Event

logger = logging.getLogger("tiffin.shim.events")

SERVICE, METHOD = "containerd.services.events.ttrpc.v1.Events", "Forward"
MOST = 2048  # events that wait
TIMEOUT = 5.0  # seconds for one call
REFUSALS = 5  # of one event by a containerd that does answer
FIRST_DELAY, LONGEST_DELAY = 0.05, 2.0  # seconds between attempts, doubled each time
# nobody has answered; with DEADLINE_EXCEEDED containerd may have taken the event, or not
UNANSWERED = frozenset({Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED})


class Publisher:
    """Sends to the containerd at one address; made within a running event loop, and ended by `close`.

    When `most` events wait, each new one takes the place of the oldest that is not on its way: a containerd that
    comes back asks for the state of every task, and needs the newest events most. The gap is logged. An event that
    containerd answers with an error `REFUSALS` times is logged and left out, so that it does not hold up the others.

    Args:
        address: of containerd's ttrpc socket, as in $TTRPC_ADDRESS.
        namespace: of the tasks, a containerd namespace.
        most: how many events may wait, at least 2.
        timeout: seconds that containerd has to answer.
    """

    def __init__(self, address: str, namespace: str, *, most: int = MOST, timeout: float = TIMEOUT) -> None:
        self.lost = 0  # events that found no place
        self._address = address
        self._namespace = namespace
        self._most = most
        self._timeout = timeout
        self._queue: deque[tuple[str, Raw]] = deque()
        self._client: Client | None = None
        self._waiting = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._sender = asyncio.create_task(self._send_all(), name="event publisher")
        self._sender.add_done_callback(_log_death)

    def publish(self, event: Event) -> None:
        """Takes an event to be sent; its time is now."""
        if len(self._queue) >= self._most:
            del self._queue[1]  # the first one is on its way
            self._note_loss()
        self._queue.append((event.topic, self._request(event)))
        self._idle.clear()
        self._waiting.set()

    async def close(self, timeout: float) -> int:  # noqa: ASYNC109  # what is left then is given up
        """Waits until all is sent, at most `timeout` seconds, and ends; returns how many events were not sent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        self._sender.cancel()
        await asyncio.wait([self._sender])
        if self._client is not None:
            await self._client.close()
        if not self._sender.cancelled() and (error := self._sender.exception()) is not None:
            raise error
        return len(self._queue)

    def _request(self, event: Event) -> Raw:
        envelope = events_pb2.ForwardRequest()
        envelope.envelope.timestamp.CopyFrom(timestamp(time_ns()))
        envelope.envelope.namespace = self._namespace
        envelope.envelope.topic = event.topic
        envelope.envelope.event.CopyFrom(pack(message_of(event)))
        return Raw(envelope.SerializeToString())

    def _note_loss(self) -> None:
        if self.lost == 0:
            logger.warning("containerd takes no events: of those that wait, the oldest are given up")
        self.lost += 1

    async def _send_all(self) -> None:
        while True:
            await self._waiting.wait()
            while self._queue:
                first = self._queue[0]
                await self._send(*first)
                self._queue.popleft()
            self._waiting.clear()
            self._idle.set()

    async def _send(self, topic: str, request: Raw) -> None:
        """Returns when containerd has taken it, or has refused it too often."""
        refusals = 0
        for delay in _delays():
            try:
                await self._forward(request)
                return
            except RpcError as error:
                refusals += error.code not in UNANSWERED
                if refusals == REFUSALS:
                    logger.warning("an event is given up, since containerd refuses it: %s: %s", topic, error)
                    return
            except OSError:  # there is no containerd now
                pass
            await self._disconnect()
            await asyncio.sleep(delay)

    async def _forward(self, request: Raw) -> None:
        """Raises RpcError; OSError if there is no containerd."""
        if self._client is None or not self._client.connected:
            self._client = await Client.connect(self._address)
        await self._client.call(SERVICE, METHOD, request, Raw, timeout=self._timeout)

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def _log_death(sender: asyncio.Task[None]) -> None:
    """`close` raises it, but that may be in a month."""
    if not sender.cancelled() and (error := sender.exception()) is not None:
        logger.error("no event is sent any more: %s", error, exc_info=error)


def _delays() -> Iterator[float]:
    delay = FIRST_DELAY
    while True:
        yield delay
        delay = min(2 * delay, LONGEST_DELAY)
