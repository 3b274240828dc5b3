"""`Manager`: all that `tiffind` serves, in this process and without a socket.

    async with Manager() as manager:
        container = await manager.client().containers.create("first", spec)

Containers outlive it, by their monitors: the next manager of the same folders takes them back. Only one at a time has
them, a daemon included.
"""

from __future__ import annotations

import dataclasses
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tiffin.manager.client.client import DEFAULT, Client
from tiffin.manager.client.transport.direct import DirectTransport
from tiffin.manager.config.settings import Config
from tiffin.manager.daemon.instance import claim
from tiffin.manager.grpc_edge.workers import Workers
from tiffin.manager.plugins.context import Surroundings
from tiffin.manager.plugins.kinds import GRPC
from tiffin.manager.plugins.plugin_set import PluginSet
from tiffin.manager.plugins.starting import enabled, start_plugins
from tiffin.manager.plugins.table import TABLE

if TYPE_CHECKING:
    from typing import Self


class Manager:
    """Use it in an `async with` statement; it belongs to that event loop.

    Args:
        root: images, snapshots, and what is known of containers. state: what is gone after a boot. "" for `tiffind`'s;
            from the working directory of this moment, wherever the process goes later.
        config: all other settings.

    Raises (when it is entered):
        Unavailable: another manager has these folders; the text names its process.
    """

    def __init__(self, root: str = "", state: str = "", config: Config | None = None) -> None:
        base = config or Config()
        self.config = dataclasses.replace(
            base, root=os.path.abspath(root or base.root), state=os.path.abspath(state or base.state)
        )
        self._stack = AsyncExitStack()
        self._workers = Workers()
        self._plugins = PluginSet()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            stack.enter_context(claim(self.config.root, self.config.state))
            stack.push_async_callback(self._workers.end)
            surroundings = Surroundings(
                config=self.config,
                workers=self._workers,
                reload=lambda _: None,  # nobody changes these settings
                address="",
                ttrpc_address="",
            )
            await start_plugins(enabled(TABLE, self.config), surroundings, self._plugins, stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def client(self, namespace: str = DEFAULT) -> Client:
        """A client of it; nobody has to close it."""
        return Client(DirectTransport(self._plugins.all(GRPC).values(), self._workers), namespace)
