"""`ExternalRuntime`: `TaskRuntime` by programs of shims."""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.external import bootstrap, told
from tiffin.manager.runtimes.external.connections import ask_to_end, connect
from tiffin.manager.runtimes.external.creating import create_in
from tiffin.manager.runtimes.external.half_made import has_task
from tiffin.manager.runtimes.external.leftovers import kill_shims, wait_for_starts
from tiffin.manager.runtimes.external.log import ShimLog
from tiffin.manager.runtimes.external.program import ShimProgram
from tiffin.manager.runtimes.external.shim import Shim, clean_up
from tiffin.manager.runtimes.external.starting import new_connection
from tiffin.manager.runtimes.external.taking_back import Deaths, TakingBack
from tiffin.manager.runtimes.external.task import ExternalTask
from tiffin.manager.runtimes.names import find_program
from tiffin.manager.runtimes.undoing import undone
from tiffin.runtime.errors import RuntimeFailure, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.any_pb2 import Any

    from tiffin.api.containerd.types.introspection_pb2 import RuntimeInfo
    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.connections import Connection
    from tiffin.manager.runtimes.external.program import Daemon, Known
    from tiffin.manager.runtimes.port import Watcher
    from tiffin.manager.runtimes.values import Creation, Exit

LOG = logging.getLogger("tiffin.manager.shim")


class ExternalRuntime:
    """As the protocol says. daemon: what shims are told of us."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._taking_back = TakingBack()
        self._known: Known = {}

    async def create(self, creation: Creation, watcher: Watcher) -> ExternalTask:
        """As the protocol says."""
        bundle = creation.bundle
        async with undone() as undo:
            if creation.address:
                endpoint = bootstrap.parsed_endpoint(creation.address, creation.version)
                shim = Shim(bundle, await connect(endpoint), None, None)
                undo.push_async_callback(shim.give_up)
                bootstrap.keep(bundle, endpoint)
            else:
                shim = await self._started(creation, undo)
            task = ExternalTask(bundle, shim)
            await create_in(shim.connection, creation)
            told.note(bundle)
            self._watch(shim, task, watcher)
        return task

    async def _started(self, creation: Creation, undo: AsyncExitStack) -> Shim:
        bundle = creation.bundle
        program = self._program(find_program(creation.runtime))
        bootstrap.keep_program(bundle, program.path)  # first: who finds the bundle can clean up
        log = ShimLog(bundle)
        undo.callback(log.close)
        connection = await new_connection(bundle, program, creation.options)
        shim = Shim(bundle, connection, program, log)
        undo.push_async_callback(_shut_down, shim)
        return shim

    async def recover(
        self, bundle: Bundle, watcher: Watcher, unmade: Callable[[], None]
    ) -> ExternalTask | None:
        """As the protocol says. One that does not answer is kept: it may be that the machine is slow."""
        program = self._program_of(bundle)
        async with AsyncExitStack() as undo:
            log = ShimLog(bundle)  # first: one that was just being started writes there before it answers
            undo.callback(log.close)
            connection = await self._living(bundle, program, unmade)
            if connection is None:
                return None
            undo.pop_all()
        shim = Shim(bundle, connection, program, log)
        task = ExternalTask(bundle, shim)
        told.note(bundle)  # clients see it from now on
        self._watch(shim, task, watcher)
        return task

    async def _living(
        self, bundle: Bundle, program: ShimProgram | None, unmade: Callable[[], None]
    ) -> Connection | None:
        """To the shim that has the task, or to a new one that has taken it; None: nobody has it."""
        connection = await _connected(bundle)
        if connection is not None:
            try:
                return connection if await has_task(bundle, connection, unmade) else None
            except Unavailable as error:
                LOG.warning("the shim of %s has just died: %s", bundle.id, error)
        if program is not None:
            await kill_shims(bundle, program.path)
        return await self._taking_back.connection(bundle, program, Deaths())

    def _watch(self, shim: Shim, task: ExternalTask, watcher: Watcher) -> None:
        shim.watch(self._taking_back, lambda: watcher.returned(task), lambda exit_: watcher.lost(task, exit_))

    async def clean_up(self, bundle: Bundle, watcher: Watcher) -> Exit | None:  # noqa: ARG002  # who calls tells
        """As the protocol says. One of which no client has heard, or that was deleted, is none."""
        known = told.is_noted(bundle)
        exit_ = await clean_up(bundle, self._program_of(bundle))
        return exit_ if known else None

    def _program_of(self, bundle: Bundle) -> ShimProgram | None:
        path = bootstrap.kept_program(bundle)
        return self._program(path) if path and os.path.exists(path) else None

    def _program(self, path: str) -> ShimProgram:
        return ShimProgram(path, self._daemon, self._known)

    async def info(self, runtime: str, options: Any | None) -> RuntimeInfo:
        """As the protocol says."""
        return await self._program(find_program(runtime)).info(options)

    async def close(self) -> None:
        """As the protocol says: each task has closed its own connection."""


async def _connected(bundle: Bundle) -> Connection | None:
    """A connection to its shim, which may be starting still; None if there is none."""
    try:
        return await connect(bootstrap.kept(bundle))
    except RuntimeFailure:
        await wait_for_starts(bundle)
    try:
        return await connect(bootstrap.kept(bundle))
    except RuntimeFailure as error:
        LOG.warning("the shim of %s is dead: %s", bundle.id, error)
        return None


async def _shut_down(shim: Shim) -> None:
    """Ends a shim that has no task, and leaves its bundle."""
    await ask_to_end(shim.connection, shim.bundle.id)
    await shim.give_up()
