"""`Teller`: the events of tasks on their way to subscribers, and what is learned from them.

Each exit is told once: what a shim sends again, or after we have told it in its place, is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from tiffin.api.containerd.events import task_pb2 as events
from tiffin.api.typeurl import holds
from tiffin.manager.runtimes.values import Exit, Status
from tiffin.manager.tasks.catching_up import CatchingUp
from tiffin.shim.events.messages import timestamp

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import Message

    from tiffin.manager.events.exchange import Exchange
    from tiffin.manager.runtimes.port import RuntimeTask
    from tiffin.manager.tasks.process import Process
    from tiffin.manager.tasks.task import Task

EXIT, DELETE = "/tasks/exit", "/tasks/delete"
RAN = (Status.RUNNING, Status.PAUSED, Status.PAUSING, Status.STOPPED)
KNOWN: tuple[type[Message], ...] = (
    events.TaskExit,
    events.TaskDelete,
    events.TaskPaused,
    events.TaskResumed,
)


class Teller:
    """`Watcher` for what tasks run on.

    Args:
        exchange: where the events go.
        find: a task by namespace and id.
        gone: is told of a task that is no more.
    """

    def __init__(
        self, exchange: Exchange, find: Callable[[str, str], Task | None], gone: Callable[[Task], None]
    ) -> None:
        self._exchange = exchange
        self._find = find
        self._gone = gone
        self._catching_up = CatchingUp(self.tell_exit)

    def happened(self, namespace: str, topic: str, event: Message) -> None:
        """As the protocol says."""
        if self._news(namespace, event):
            self._exchange.publish(namespace, topic, event)

    def forwarded(self, namespace: str, topic: str, timestamp_: int | None, event: Any) -> None:
        """An event that a shim has sent. Raises InvalidArgument."""
        if self._news(namespace, _message(event)):
            self._exchange.forward(namespace, topic, timestamp_, event)

    def returned(self, task: RuntimeTask) -> None:
        """As the protocol says: the new shim tells what it knows to be untold; the rest is found out."""
        found = self._find(task.bundle.namespace, task.bundle.id)
        if found is not None and found.runs_on is task:
            self._catching_up.begin(found)

    async def close(self) -> None:
        """Nothing is found out any more."""
        await self._catching_up.close()

    def lost(self, task: RuntimeTask, exit_: Exit) -> None:
        """As the protocol says: what the shim has not told is told in its place."""
        found = self._find(task.bundle.namespace, task.bundle.id)
        if found is None or found.runs_on is not task:
            return
        for process in found.known.processes:
            if process.exec_id and process.state is not None and process.state.status in RAN:
                self.tell_exit(found, process, exit_.replace(pid=0))
        first = found.known.process("")
        self.tell_exit(found, first, exit_)
        self._gone(found)
        if not first.removal_told:
            self._tell_delete(found.namespace, found.id, first.exit or exit_)
        found.known.lost()

    def tell_death(self, namespace: str, identifier: str, exit_: Exit) -> None:
        """Tells of a task that died while nobody looked."""
        self._tell_exit(namespace, identifier, identifier, exit_)
        self._tell_delete(namespace, identifier, exit_)

    def tell_exit(self, task: Task, process: Process, exit_: Exit) -> None:
        """Tells how a process ended, if that was not told: as it is known, else as `exit_` says."""
        if process.told:
            return
        process.end(exit_)
        process.told = True
        self._tell_exit(task.namespace, task.id, process.exec_id or task.id, process.exit or exit_)

    def _tell_exit(self, namespace: str, container: str, process: str, exit_: Exit) -> None:
        at = timestamp(exit_.at)
        message = events.TaskExit(
            container_id=container, id=process, pid=exit_.pid, exit_status=exit_.status, exited_at=at
        )
        self._exchange.publish(namespace, EXIT, message)

    def _tell_delete(self, namespace: str, container: str, exit_: Exit) -> None:
        at = timestamp(exit_.at)
        message = events.TaskDelete(
            container_id=container, pid=exit_.pid, exit_status=exit_.status, exited_at=at
        )
        self._exchange.publish(namespace, DELETE, message)

    def _news(self, namespace: str, event: Message | None) -> bool:
        """Learns from an event; whether it is to be told."""
        task = self._find(namespace, getattr(event, "container_id", "")) if event is not None else None
        if task is None:
            return True
        if isinstance(event, events.TaskExit):
            return self._ended(task, event)
        if isinstance(event, events.TaskDelete):
            first = task.known.process("")
            first.removal_told |= first.is_of(event.pid)
        if isinstance(event, events.TaskPaused):
            task.known.process("").change(Status.PAUSED)
        elif isinstance(event, events.TaskResumed):
            task.known.process("").change(Status.RUNNING)
        return True

    def _ended(self, task: Task, event: events.TaskExit) -> bool:
        """A shim's events come late: this one may be of an earlier process of the same name, which its pid tells."""
        process = task.known.find("" if event.id == task.id else event.id)
        if process is None:
            return True
        exit_ = Exit(event.pid, event.exit_status, event.exited_at.ToNanoseconds())
        if not process.is_of(event.pid):
            process.ended_early(exit_)
            return True
        told, process.told = process.told, True
        process.end(exit_)
        return not told


def _message(event: Any) -> Message | None:
    """The message in it, if it is one that says how a task is."""
    for kind in KNOWN:
        if holds(event, kind):
            try:
                return kind.FromString(event.value)
            except DecodeError:
                return None
    return None
