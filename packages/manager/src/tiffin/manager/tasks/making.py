"""`Maker`: makes what a task runs on, with its bundle and its root file system; what fails later is undone.

    bundle  ──►  mounts of the rootfs  ──►  mark  ──►  image to restore from  ──►  runtime

A kill in between is as good as a failure: the next manager finds a bundle without a task, and cleans up.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from tiffin.manager.events.checking import check_identifier
from tiffin.manager.runtimes.bundles import mark
from tiffin.manager.runtimes.bundles.make import make_bundle
from tiffin.manager.runtimes.undoing import undone
from tiffin.manager.runtimes.values import Creation
from tiffin.manager.tasks.asking import Asking
from tiffin.runtime.errors import AlreadyExists, RuntimeFailure
from tiffin.shim.tasks.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.port import RuntimeTask, TaskRuntime, Watcher
    from tiffin.manager.runtimes.table import Chosen, RuntimeTable
    from tiffin.manager.tasks.request import Container, TaskRequest
    from tiffin.manager.tasks.rootfs import Rootfs

LOG = logging.getLogger("tiffin.manager.tasks")


class Maker:
    """For the manager of tasks.

    Args:
        runtimes: what tasks may run on.
        rootfs: prepares their root file systems.
        watcher: is told what becomes of them.
        seconds: how long a runtime may take.
    """

    def __init__(self, runtimes: RuntimeTable, rootfs: Rootfs, watcher: Watcher, seconds: float) -> None:
        self._runtimes = runtimes
        self._rootfs = rootfs
        self._watcher = watcher
        self._seconds = seconds

    async def make(self, bundle: Bundle, container: Container, request: TaskRequest) -> RuntimeTask:
        """Makes it.

        Raises InvalidArgument, AlreadyExists, NotFound, TimedOut, OperationFailed; nothing is left then.
        """
        check_identifier("id of a task", bundle.id)
        options = request.options or container.options
        chosen = self._runtimes.choose(request.runtime or container.runtime, options)
        async with undone() as undo:
            undo.push_async_callback(self._rootfs.release, bundle.namespace, bundle.id)
            cleaning_up = partial(self._clean_up, bundle, chosen.runtime)
            await self._make_bundle(bundle, container, partial(undo.push_async_callback, cleaning_up))
            creation = await self._creation(bundle, chosen, container, request)
            making = chosen.runtime.create(creation, self._watcher)
            return await Asking(f"task {bundle.id}").ask("create", self._seconds, making)

    async def _make_bundle(self, bundle: Bundle, container: Container, made: Callable[[], object]) -> None:
        def make() -> None:
            make_bundle(bundle, None if container.spec is None else container.spec.value)
            made()  # here: it is there even if who waits was cancelled

        try:
            await in_thread(make)
        except AlreadyExists:
            LOG.warning("%s has a bundle, and no task: it is cleaned up", bundle.id)
            await self._runtimes.of_bundle(bundle).clean_up(bundle, self._watcher)
            await in_thread(make)

    async def _clean_up(self, bundle: Bundle, runtime: TaskRuntime) -> None:
        """As after a kill: the runtime's own undoing may have failed; what it has written down tells of the rest."""
        try:
            await runtime.clean_up(bundle, self._watcher)
        except (OSError, RuntimeFailure) as error:
            LOG.warning("what was made of %s cannot be removed: %s", bundle.id, error)

    async def _creation(
        self, bundle: Bundle, chosen: Chosen, container: Container, request: TaskRequest
    ) -> Creation:
        rootfs = await self._rootfs.prepare(bundle.namespace, bundle.id, request.rootfs)
        mark.write(bundle, chosen.name)
        return Creation(
            bundle=bundle,
            runtime=chosen.name,
            rootfs=rootfs,
            streams=request.streams,
            checkpoint=await _image(bundle, request.restore) or request.checkpoint,
            options=chosen.options,
            sandbox=container.sandbox,
            address=request.address,
            version=request.version,
        )


async def _image(bundle: Bundle, restore: Callable[[str], None] | None) -> str:
    """The folder of an image of CRIU in the bundle, filled; "" for none."""
    if restore is None:
        return ""
    folder = bundle.file("checkpoint")
    await in_thread(restore, folder)
    return folder
