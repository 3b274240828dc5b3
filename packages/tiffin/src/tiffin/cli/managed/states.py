"""The task of a manager's container: which one, how it is, and whether it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.types.task.task_pb2 import PAUSED, RUNNING, STOPPED
from tiffin.cli.failure import CommandFailed
from tiffin.manager.client.tasks import Task
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from tiffin.api.containerd.types.task.task_pb2 import Process as ProcessState
    from tiffin.manager.client.client import Client

ALIVE = (RUNNING, PAUSED)


def task_of(client: Client, name: str) -> Task:
    """The task of a container, which it may have or not."""
    return Task(client.session, name)


async def state_of(client: Client, name: str) -> ProcessState | None:
    """Of its task, None if it has none."""
    try:
        return await task_of(client, name).status()
    except NotFound:
        return None


async def running(client: Client, name: str) -> ProcessState:
    """The state of a container that runs, or is paused. Raises CommandFailed: it does not; NotFound."""
    state = await state_of(client, name)
    if state is not None and state.status in ALIVE:
        return state
    await client.containers.get(name)
    how = (
        "has no task" if state is None else "has ended" if state.status == STOPPED else "was not started yet"
    )
    raise CommandFailed(f"{name!r} does not run: it {how}")
