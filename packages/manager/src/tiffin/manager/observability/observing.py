"""`observing`: what the config asks for beyond logs: figures for Prometheus, and the debug socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from tiffin.manager.config.settings import Config
    from tiffin.manager.observability.requests import Requests
    from tiffin.manager.plugins.plugin_set import PluginSet


@contextmanager
def observing(
    config: Config, requests: Requests, plugins: PluginSet, inherited: socket.socket | None
) -> Iterator[None]:
    """Until the end of the block. inherited: a listening socket for the debug server, in place of debug.address.

    Raises:
        OSError, Unavailable: it cannot listen.
    """
    with ExitStack() as stack:
        if config.metrics.address:
            from tiffin.manager.observability.metrics import serving_metrics

            stack.enter_context(serving_metrics(config.metrics, requests, plugins))
        if config.debug.address or inherited is not None:
            from tiffin.manager.observability.debug_server import serving_debug

            stack.enter_context(serving_debug(config.debug, inherited, asyncio.get_running_loop()))
        yield
