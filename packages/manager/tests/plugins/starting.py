"""Starts tables of a test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from tiffin.manager.config.settings import Config
from tiffin.manager.grpc_edge.workers import Workers
from tiffin.manager.plugins.context import Surroundings
from tiffin.manager.plugins.plugin import Plugin
from tiffin.manager.plugins.plugin_set import PluginSet
from tiffin.manager.plugins.starting import enabled, start_plugins

T = TypeVar("T")


def started(
    table: Sequence[Plugin[Any]], config: Config | None = None, use: Callable[[PluginSet], T] | None = None
) -> PluginSet:
    """The plugins, after they have ended again. use: is called while they run."""
    plugins = PluginSet()

    async def run() -> None:
        with Workers() as workers:
            surroundings = Surroundings(
                config=config or Config(),
                workers=workers,
                reload=lambda _: None,
                address="/a",
                ttrpc_address="/a.ttrpc",
            )
            async with AsyncExitStack() as stack:
                await start_plugins(enabled(table, surroundings.config), surroundings, plugins, stack)
                if use is not None:
                    use(plugins)

    asyncio.run(run())
    return plugins
