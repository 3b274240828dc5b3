"""How containers of a manager end: stop, and rm."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.api.containerd.types.task.task_pb2 import CREATED, PAUSED, PAUSING, STOPPED
from tiffin.cli.containers.signals import stop_signal_number
from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.folder import remove_folder
from tiffin.cli.managed.listing import config_of
from tiffin.cli.run.labels import FOLDER, STOP_SIGNAL, STOP_TIMEOUT
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from tiffin.manager.client.client import Client
    from tiffin.manager.client.containers import Container
    from tiffin.manager.client.process import Exit
    from tiffin.manager.client.tasks import Task

ANNOTATION = "org.opencontainers.image.stopSignal"
DEFAULT_TIMEOUT = 10.0  # seconds, as docker has it
PATIENCE = 10.0  # seconds for the kernel to end a process that was killed


async def stop(client: Client, name: str, seconds: float | None) -> None:
    """Signal, time to end, SIGKILL. What it left is there for `rm`, and its exit code for `ps` and `wait`."""
    container = await client.containers.get(name)
    task = container.task()
    try:
        state = await task.status()
    except NotFound:
        return
    if state.status == STOPPED:
        return
    number = signal.SIGKILL if state.status == CREATED else _stop_signal(container)
    waiting = asyncio.ensure_future(task.wait())
    try:
        await _kill(task, number)
        if state.status in (PAUSED, PAUSING):  # as docker: else it could not do anything about the signal
            with suppress(NotFound):
                await task.resume()
        if await _ends(waiting, _stop_timeout(container) if seconds is None else seconds):
            return
        await _kill(task, signal.SIGKILL)
        if not await _ends(waiting, PATIENCE):
            raise CommandFailed(
                f"{name!r} still runs {PATIENCE:g} s after SIGKILL: it is stuck in the kernel"
            )
    finally:
        waiting.cancel()


def _stop_signal(container: Container) -> int:
    labels = container.record.labels
    annotations = config_of(container.record).get("annotations")
    annotated = annotations.get(ANNOTATION) if isinstance(annotations, dict) else None
    return stop_signal_number(labels.get(STOP_SIGNAL) or str(annotated))


def _stop_timeout(container: Container) -> float:
    """Seconds. The label may be somebody else's, and have anything in it."""
    try:
        return int(container.record.labels.get(STOP_TIMEOUT, ""))
    except ValueError:
        return DEFAULT_TIMEOUT


async def _kill(task: Task, number: int) -> None:
    with suppress(NotFound):  # it has just ended
        await task.kill(number)


async def _ends(waiting: asyncio.Future[Exit], seconds: float) -> bool:
    """Whether it ends in so many seconds; below zero: however long it takes. Raises what the waiting raises."""
    done, _ = await asyncio.wait([waiting], timeout=seconds if seconds >= 0 else None)
    with suppress(NotFound):  # somebody else has taken note of its end
        for each in done:
            each.result()
    return bool(done)


async def remove(client: Client, name: str, *, force: bool) -> None:
    """Its task, the container, its snapshot, and the log that `tiffin run` has had made."""
    container = await client.containers.get(name)
    await _remove_task(container, force=force)
    await container.delete()
    record = container.record
    if record.snapshot_key:
        with suppress(NotFound):
            await client.snapshots(record.snapshotter).remove(record.snapshot_key)
    if folder := record.labels.get(FOLDER):
        remove_folder(folder, client.session.namespace, name)


async def _remove_task(container: Container, *, force: bool) -> None:
    task = container.task()
    try:
        state = await task.status()
    except NotFound:
        return
    if state.status != STOPPED:
        if not force:
            raise CommandFailed(f"{container.id!r} runs: end it first, or `tiffin rm --force {container.id}`")
        with suppress(NotFound):
            await task.kill(signal.SIGKILL, everything=True)
        with suppress(NotFound):
            await task.wait()
    with suppress(NotFound):
        await task.delete()
