"""Makes a task: what was made is undone if a later step fails, and by a successor if we are killed in between.

task.json  ──►  mounts  ──►  monitor  ──►  runtime create  ──►  init@state: created  ──►  event
"""

from __future__ import annotations

import contextlib
import logging
import os
from contextlib import AsyncExitStack

from tiffin.runtime.errors import AlreadyExists, OperationFailed, RuntimeFailure
from tiffin.runtime.state.identity import process_stat, validate_id

from ..events.values import TaskCreate, TaskIO
from ..monitor.client import Monitor
from ..runtimes.port import Creation, Restoration
from ..stdio import make_folders, streams_of
from .cgroups import cgroups_of
from .config import new_cgroups, read_config, shares_pids
from .container import Container, directory_of, real_bundle
from .ending import ended
from .mounting.mount import mount_all
from .mounting.unmount import unmount_all
from .records import TaskRecord, write_task
from .removing import remove_files, remove_half_made, stop_monitor
from .states import Status
from .threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..monitor.values import Streams
    from .surroundings import Surroundings
    from .values import CreateTask

LOG = logging.getLogger("tiffin.shim.tasks")
ROOTFS_MODE = 0o711
DIRECTORY_MODE = 0o700


async def create(request: CreateTask, surroundings: Surroundings) -> Container:
    """Makes a task; its first process waits to be started.

    Raises:
        InvalidArgument, NotFound: the request, the bundle or its config.json.
        AlreadyExists: the bundle has a task, or the runtime such a container.
        OperationFailed, TimedOut, Unavailable, Unsupported: a step failed; nothing is left, but for what `recover` and
            `clean_up` find and undo.
    """
    validate_id(request.id)
    bundle = real_bundle(request.bundle)
    request = request.replace(bundle=bundle, options=request.options.replace(directory=directory_of(bundle)))
    runtime = surroundings.runtime_for(request.options)
    config = read_config(bundle)
    cgroups = new_cgroups(config, request) if runtime.host_processes else ()
    record = TaskRecord(request, surroundings.namespace, shares_pids(config), cgroups)
    container = Container(record, runtime, surroundings)
    _make_directory(container)
    async with _undone(container) as undo:
        write_task(container.directory, record)
        await _mount(container, undo)
        container.monitor = await Monitor.start(container.directory, container)
        undo.push_async_callback(stop_monitor, container, by_force=True)
        if not container.restores:
            await _make(container, undo)
        container.become(container.init, Status.CREATED, created_event(container))
    container.ready.set()
    if container.surroundings.watcher is not None and container.cgroups:
        container.surroundings.watcher.watch(container.id, container.cgroups)
    if container.init.exit is not None:
        ended(container, container.init)
    return container


def _make_directory(container: Container) -> None:
    try:
        os.mkdir(container.directory, DIRECTORY_MODE)
    except FileExistsError:
        raise AlreadyExists(f"{container.bundle} has a task, which was not taken back") from None
    except OSError as error:
        raise OperationFailed(f"{container.directory}: {error.strerror}", errno=error.errno or 0) from error


@contextlib.asynccontextmanager
async def _undone(container: Container) -> AsyncIterator[AsyncExitStack]:
    """Undoes the steps that are pushed, if a later one fails.

    What cannot be undone stays written down, for whoever cleans up; it is the failure itself that is told.
    """
    steps = AsyncExitStack()
    try:
        yield steps
    except BaseException as failure:
        try:
            await steps.aclose()
            remove_files(container.directory)
        except (RuntimeFailure, OSError) as left:
            LOG.warning(
                "%s cannot be made (%s), nor undone: %s", container.said(container.init), failure, left
            )
            if isinstance(failure, AlreadyExists):  # the record would have another's container removed
                remove_files(container.directory)
        await container.close()  # if it has lost its monitor, that is being looked for
        raise


async def _mount(container: Container, undo: AsyncExitStack) -> None:
    await make_folders(streams(container))
    if not container.rootfs:
        return
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(container.rootfs, ROOTFS_MODE)
    except OSError as error:
        raise OperationFailed(f"{container.rootfs}: {error.strerror}", errno=error.errno or 0) from error
    undo.push_async_callback(in_thread, unmount_all, container.rootfs)
    await in_thread(mount_all, container.request.rootfs, container.rootfs)


async def _make(container: Container, undo: AsyncExitStack) -> None:
    with container.activity(container.init, "create"):
        try:
            pid = await make_first_process(container)
        except AlreadyExists:  # it is another's: that is not ours to remove
            raise
        except BaseException:
            undo.push_async_callback(remove_half_made, container)
            raise
    undo.push_async_callback(remove_half_made, container)
    await learn_first_process(container, pid)


async def make_first_process(container: Container) -> int:
    """Has the runtime make, or restore, the container; returns the pid. Raises RuntimeFailure."""
    request = container.request
    restoration = None
    if container.restores:
        restoration = Restoration(request.checkpoint, request.options.criu_work, request.parent_checkpoint)
    creation = Creation(container.bundle, streams(container), restoration)
    return await container.runtime.create(container.connected(), container.id, creation)


async def learn_first_process(container: Container, pid: int) -> None:
    """What is to be known of it besides its pid: it may have ended already, and then there is less."""
    container.init.pid = pid
    found = process_stat(pid)
    container.init.start_time = found[1] if found is not None else 0
    if container.runtime.host_processes:
        container.cgroups = cgroups_of(pid)


def streams(container: Container) -> Streams:
    """The streams of the first process, for the monitor. Raises InvalidArgument."""
    request = container.request
    return streams_of(
        request.stdio,
        identifier=container.id,
        namespace=container.namespace,
        owner=request.options.io_owner,
    )


def created_event(container: Container) -> TaskCreate:
    """The event of a task that was made."""
    request = container.request
    return TaskCreate(
        container_id=container.id,
        bundle=container.bundle,
        rootfs=request.rootfs,
        io=TaskIO(request.stdio.stdin, request.stdio.stdout, request.stdio.stderr, request.stdio.terminal),
        checkpoint=request.checkpoint,
        pid=container.init.pid,
    )
