"""`Shim`: the parts of a serving shim, in the order in which they are made and ended.

publisher ◄── tasks ◄── services ◄── server      made from left to right, ended from right to left: what was asked is
                                                 answered, and what has happened is told, before it ends
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tiffin.runtime.errors import RuntimeFailure
from tiffin.ttrpc import Server

from ..events.publisher import Publisher
from ..events.values import TaskOOM
from ..oom import OomWatcher
from ..service.changes import Changes
from ..service.sandbox import SandboxService
from ..service.services import services_of
from ..service.tasks import TaskService
from ..tasks.tasks import Tasks
from .log import set_up_log
from .recovery import bundles_of
from .runtimes import Runtimes
from .socket_path import SocketFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiffin.runtime.cgroup.manager import CgroupManager

    from ..events.values import Event
    from .serve import ShimSettings

logger = logging.getLogger("tiffin.shim")

LAST_ANSWERS = 2.0  # seconds for requests that wait when it ends
LAST_EVENTS = 5.0  # seconds for events that wait then
END_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Shim:
    """One shim; made within a running event loop.

    Args:
        settings: where it is, and who started it.
    """

    def __init__(self, settings: ShimSettings) -> None:
        self._settings = settings
        self._socket = SocketFile(settings.socket)
        self._end = asyncio.Event()

    async def run(self, descriptor: int) -> int:
        """Serves a listening socket until it is told to end; returns the exit code."""
        set_up_log(debug=self._settings.debug)
        faulthandler.register(signal.SIGUSR1, all_threads=True)  # as the real one: stacks go to the log
        for number in END_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._end.set)
        async with AsyncExitStack() as stack:
            server = await self._prepare(stack)
            await server.listen_on_descriptor(descriptor)
            stack.push_async_callback(server.shutdown, LAST_ANSWERS)
            stack.callback(self._socket.remove)
            logger.info("serves %s", self._settings.socket or "an inherited socket")
            await self._end.wait()
        return 0

    async def _prepare(self, stack: AsyncExitStack) -> Server:
        """All but the socket; containers of a shim that was killed are being taken back."""
        namespace = self._settings.namespace
        emit = self._emitter(stack)
        runtimes = stack.enter_context(Runtimes(namespace))
        watcher = stack.enter_context(OomWatcher(lambda container: emit(TaskOOM(container))))
        tasks = Tasks(emit, runtimes, namespace=namespace, watcher=watcher, measure=_measure)
        stack.push_async_callback(tasks.close)
        changes = Changes()
        stack.push_async_callback(changes.settle)
        task = TaskService(tasks, self._end.set, changes, debug=self._settings.debug)
        sandbox = SandboxService(tasks, self._end.set, changes, own_pid=os.getpid())
        for bundle in bundles_of(self._settings):
            taking_back = changes.begin(_take_back(tasks, bundle))
            stack.callback(taking_back.cancel)  # one that hangs is the successor's
        await asyncio.sleep(0)  # now `tasks` knows of all, and whoever asks for one waits for that one alone
        try:
            sandbox.recover(self._settings.bundle)
        except RuntimeFailure:  # the containers are to be had all the same
            logger.exception("the sandbox cannot be taken back")
        return Server(services_of(task, sandbox))

    def _emitter(self, stack: AsyncExitStack) -> Callable[[Event], None]:
        if not self._settings.events:
            logger.warning("events go nowhere: $TTRPC_ADDRESS is not set")
            return lambda event: logger.debug("%s: %s", event.topic, event)
        publisher = Publisher(self._settings.events, self._settings.namespace)
        stack.push_async_callback(publisher.close, LAST_EVENTS)
        return publisher.publish


async def _take_back(tasks: Tasks, bundle: str) -> None:
    """One that cannot be had, or not soon, is no matter of the others."""
    try:
        await tasks.recover_at_last(bundle)
    except (RuntimeFailure, OSError):
        logger.exception("%s cannot be taken back", bundle)


def _measure(cgroups: CgroupManager) -> Any:
    """The answer to Stats; its messages are loaded when somebody asks."""
    from ..metrics.messages import measure

    return measure(cgroups)
