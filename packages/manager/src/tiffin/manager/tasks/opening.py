"""`opened_tasks`: the tasks of a manager put together: what they run on, their folders, and those that live still."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.bundles.bundle import Bundles
from tiffin.manager.runtimes.external.runtime import ExternalRuntime
from tiffin.manager.runtimes.table import RuntimeTable
from tiffin.manager.tasks.manager import TaskManager
from tiffin.manager.tasks.recovery import recover

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tiffin.manager.events.exchange import Exchange
    from tiffin.manager.mounts.manager import Mounts
    from tiffin.manager.runtimes.external.program import Daemon
    from tiffin.manager.runtimes.port import TaskRuntime
    from tiffin.manager.runtimes.table import Handler
    from tiffin.manager.tasks.limits import Limits
    from tiffin.manager.tasks.request import Containers


@asynccontextmanager
async def opened_tasks(
    *,
    root: str,
    state: str,
    daemon: Daemon,
    containers: Containers,
    exchange: Exchange,
    limits: Limits,
    handlers: Mapping[str, Handler],
    in_process: Mapping[str, TaskRuntime],
    mounts: Mounts | None = None,
) -> AsyncIterator[TaskManager]:
    """Takes the tasks back that are there, and forgets them at the end: they live on.

    Args:
        root, state: of the bundles (see `Bundles`).
        daemon: what shims are told of us.
        containers: what tasks are made from.
        exchange: where events go.
        limits: how long answers may take.
        handlers: names of runtimes in the config.
        in_process: by name, what needs no shim.
        mounts: makes mounts that shims cannot make.
    """
    table = RuntimeTable(ExternalRuntime(daemon), in_process, handlers)
    manager = TaskManager(Bundles(root, state), table, containers, exchange, limits, mounts)
    try:
        await recover(manager)
        yield manager
    finally:
        await manager.close()
