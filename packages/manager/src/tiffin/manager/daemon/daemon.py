"""`Daemon`: starts `tiffind` in phases, serves until it is told to stop, and stops in the opposite order.

    claim      its folders, with a lock in each
    listen     to signals: a stop is obeyed in every later phase
    inherit    sockets that it was started with
    plugins    everything that is served
    ttrpc      the socket for shims
    grpc       the socket for clients
    observe    metrics and the debug socket
    ready      systemd is told

Nothing is kept for the next start but what the plugins keep: a kill with -9 in any phase is as good as a stop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from tiffin.manager.collection.effects import Effects
from tiffin.manager.daemon import process
from tiffin.manager.daemon.activation import inherited
from tiffin.manager.daemon.grpc_server import GrpcServer
from tiffin.manager.daemon.instance import claim
from tiffin.manager.daemon.notify import READY, STOPPING, notify
from tiffin.manager.daemon.reload import Reload
from tiffin.manager.daemon.ttrpc_server import serving_ttrpc
from tiffin.manager.grpc_edge.workers import Workers
from tiffin.manager.observability.dump import dump_at_signal
from tiffin.manager.observability.observing import observing
from tiffin.manager.observability.requests import Requests
from tiffin.manager.plugins.context import Surroundings
from tiffin.manager.plugins.kinds import COLLECTION, GRPC, TTRPC
from tiffin.manager.plugins.plugin_set import PluginSet
from tiffin.manager.plugins.starting import enabled, start_plugins
from tiffin.ttrpc import Method

if TYPE_CHECKING:
    from tiffin.manager.config.settings import Config
    from tiffin.manager.plugins.plugin import Plugin

LOG = logging.getLogger("tiffin.manager.daemon")


class Daemon:
    """One run; made in the event loop.

    Args:
        config: its settings.
        table: its plugins.
        load: reads the settings again, for SIGHUP.
    """

    def __init__(self, config: Config, table: Iterable[Plugin[Any]], load: Callable[[], Config]) -> None:
        self._config = config
        self._table = tuple(table)
        self._began = time.monotonic()
        self._stop = asyncio.Event()
        self._reload = Reload(config, load)
        self._workers = Workers()
        self._sockets: dict[str, socket.socket] = {}
        self._ttrpc_address = config.ttrpc.address or f"{config.grpc.address}.ttrpc"
        self._plugin_set = PluginSet()
        self._requests = Requests()
        self.phases: list[Callable[[AsyncExitStack], Any]] = [
            self._claim, self._listen, self._inherit, self._plugins, self._ttrpc, self._grpc, self._observe, self._ready
        ]  # fmt: skip

    async def run(self) -> None:
        """Serves until SIGTERM or SIGINT; everything has ended when it returns. Raises what a phase raises."""
        async with AsyncExitStack() as stack:
            if await self._started(stack):
                await self._stop.wait()
            notify(STOPPING)
            LOG.info("stopping", extra={"fields": {"calls": self._requests.running}})
        LOG.info("stopped")

    async def _started(self, stack: AsyncExitStack) -> bool:
        """Whether it started before it was told to stop."""
        starting = asyncio.ensure_future(self._start(stack))
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        starting.cancel()
        stopping.cancel()
        await asyncio.wait((starting, stopping))
        if starting.cancelled():
            return False
        starting.result()
        return True

    async def _start(self, stack: AsyncExitStack) -> None:
        for phase in self.phases:
            LOG.debug("start", extra={"fields": {"phase": phase.__name__.lstrip("_")}})
            await phase(stack)

    async def _claim(self, stack: AsyncExitStack) -> None:
        stack.enter_context(claim(self._config.root, self._config.state))
        stack.push_async_callback(self._workers.end)
        process.share_arenas()
        process.raise_file_limit()
        process.set_oom_score(self._config.oom_score)

    async def _listen(self, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        handlers: tuple[tuple[int, Callable[[], None]], ...] = (
            (signal.SIGTERM, self._stop.set),
            (signal.SIGINT, self._stop.set),
            (signal.SIGHUP, self._reload),
        )
        for number, handler in handlers:
            loop.add_signal_handler(number, handler)
            stack.callback(loop.remove_signal_handler, number)
        stack.enter_context(dump_at_signal(loop))

    async def _inherit(self, stack: AsyncExitStack) -> None:
        self._sockets = inherited(os.environ)
        stack.callback(self._close_unused)

    def _close_unused(self) -> None:
        for each in self._sockets.values():
            each.close()

    async def _plugins(self, stack: AsyncExitStack) -> None:
        surroundings = Surroundings(
            config=self._config,
            workers=self._workers,
            reload=self._reload.listen,
            address=self._config.grpc.address,
            ttrpc_address=self._ttrpc_address,
        )
        rows = enabled(self._table, self._config)
        await start_plugins(rows, surroundings, self._plugin_set, stack)
        self._requests.observers += map(Effects, self._plugin_set.all(COLLECTION).values())

    async def _ttrpc(self, stack: AsyncExitStack) -> None:
        services: dict[str, dict[str, Method]] = {}
        for offered in self._plugin_set.all(TTRPC).values():
            services.update({name: dict(methods) for name, methods in offered.items()})
        serving = serving_ttrpc(services, self._ttrpc_address, self._config.ttrpc, self._sockets)
        await stack.enter_async_context(serving)

    async def _grpc(self, stack: AsyncExitStack) -> None:
        server = GrpcServer(self._config, self._requests, self._sockets)
        stack.push_async_callback(server.stop)
        if server.certificates is not None:
            certificates = server.certificates
            self._reload.listen(lambda _: certificates.reload())
        await server.start(self._plugin_set.all(GRPC).values(), self._workers)
        LOG.info("serving", extra={"fields": {"address": self._config.grpc.address}})

    async def _observe(self, stack: AsyncExitStack) -> None:
        stack.enter_context(
            observing(self._config, self._requests, self._plugin_set, self._sockets.pop("debug", None))
        )

    async def _ready(self, stack: AsyncExitStack) -> None:  # noqa: ARG002  # a phase like the others
        LOG.info("ready", extra={"fields": {"seconds": time.monotonic() - self._began}})
        notify(READY)
