"""Servers of grpc.aio with our services, each in a thread of its own, and clients of them."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc import aio
from packages.manager.tests.client import Client

from tiffin.manager.grpc_edge.handlers import handler_of
from tiffin.manager.grpc_edge.limits import SERVER_OPTIONS
from tiffin.manager.grpc_edge.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.manager.grpc_edge.offer import Offer

SECONDS = 60.0
Serve = Callable[..., Client]


@contextmanager
def serving(
    offers: Iterable[Offer], folder: Path, workers: Workers | None = None, name: str = "grpc.sock"
) -> Iterator[str]:
    """Runs a server until the block ends; the path of its socket. folder: short, since that lies in it."""
    path = str(folder / name)
    ready, state = threading.Event(), _Running()

    async def run(using: Workers) -> None:
        server = aio.server(options=SERVER_OPTIONS)
        server.add_generic_rpc_handlers([handler_of(offer, using) for offer in offers])
        server.add_insecure_port(f"unix:{path}")
        await server.start()
        state.loop, state.end = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await state.end.wait()
        await server.stop(None)

    with ExitStack() as stack:
        using = workers or stack.enter_context(Workers())
        thread = threading.Thread(target=lambda: asyncio.run(run(using)))
        thread.start()
        stack.callback(thread.join)
        assert ready.wait(SECONDS)
        stack.callback(state.stop)
        yield path


class _Running:
    """The event loop of a server, and what ends it."""

    loop: asyncio.AbstractEventLoop
    end: asyncio.Event

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.end.set)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Runs servers, each with a client, until the end of the test."""
    with ExitStack() as stack:

        def start(*offers: Offer) -> Client:
            folder = Path(tempfile.mkdtemp(prefix="tiffin-grpc-"))
            stack.callback(shutil.rmtree, folder)
            return stack.enter_context(Client(stack.enter_context(serving(offers, folder))))

        yield start
