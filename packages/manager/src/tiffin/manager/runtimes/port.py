"""The seam: `TaskRuntime` makes tasks, `RuntimeTask` is one. What is awaited may take as long as a shim takes.

Errors are those of `tiffin.runtime.errors`; Unavailable says that the shim has gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import Message

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.values import (
        Creation,
        Execution,
        Exit,
        Member,
        ProcessState,
        Update,
    )


class RuntimeTask(Protocol):
    """The task of one container. An `exec_id` names a further process of it; "" is its first one."""

    in_process: bool
    """Its state is known without asking anybody, and after a restart it tells by itself what has happened meanwhile."""

    @property
    def bundle(self) -> Bundle:
        """Its folder, which has its id and namespace."""

    async def pid(self) -> int:
        """Of the first process; also tells whether the shim answers."""

    async def start(self, exec_id: str) -> int:
        """Lets the process run; its pid."""

    async def delete(self, exec_id: str) -> Exit:
        """Removes a process that has ended; with the first one the shim ends, and the bundle is removed."""

    async def execute(self, execution: Execution) -> None:
        """Adds a process, which `start` runs."""

    async def state(self, exec_id: str) -> ProcessState:
        """How it is now."""

    async def kill(self, exec_id: str, signal: int, *, everything: bool) -> None:
        """Sends a signal. everything: to all processes of the container."""

    async def wait(self, exec_id: str) -> Exit:
        """Until it has ended."""

    async def members(self) -> Sequence[Member]:
        """All processes of the container."""

    async def pause(self) -> None:
        """Freezes all of them."""

    async def resume(self) -> None:
        """Lets them go on."""

    async def resize(self, exec_id: str, width: int, height: int) -> None:
        """Sets the size of its terminal, characters."""

    async def close_stdin(self, exec_id: str) -> None:
        """Nobody will write to its stdin any more."""

    async def checkpoint(self, folder: str, options: Any | None) -> None:
        """Writes an image of CRIU."""

    async def update(self, update: Update) -> None:
        """Changes its resources."""

    async def stats(self) -> Any:
        """Metrics of its cgroup, in a message of its own."""

    async def give_up(self) -> None:
        """Forgets it in this process: connections are closed, the container lives on."""


class Watcher(Protocol):
    """Who is told of what no answer tells. Called in the event loop; it does not wait."""

    def happened(self, namespace: str, topic: str, event: Message) -> None:
        """An event of a task, in order."""

    def returned(self, task: RuntimeTask) -> None:
        """The shim has gone without being asked, and a new one has taken the task; it may not know what was told."""

    def lost(self, task: RuntimeTask, exit_: Exit) -> None:
        """The shim has gone without being asked; what it left is removed, and its processes are dead."""


class TaskRuntime(Protocol):
    """A kind of runtime."""

    async def create(self, creation: Creation, watcher: Watcher) -> RuntimeTask:
        """Makes a task. If it fails, what is left is in the bundle, or known to it: `clean_up` removes all of that."""

    async def recover(
        self, bundle: Bundle, watcher: Watcher, unmade: Callable[[], None]
    ) -> RuntimeTask | None:
        """Takes a task back that an earlier process of the manager has made. None: it is dead; see `clean_up`.

        Args:
            unmade: called when it turns out that there is no such task, or not yet: what is waited for from then on is
                what that process was just making, or removing, when it was killed.
        """

    async def clean_up(self, bundle: Bundle, watcher: Watcher) -> Exit | None:
        """Removes what a task has left, with its bundle. How its first process ended; None: there was no task.

        Nor was there one of which nobody knows, or that was deleted when we were killed.
        """

    async def info(self, runtime: str, options: Any | None) -> Message:
        """What the runtime says of itself: a containerd.types.RuntimeInfo."""

    async def close(self) -> None:
        """Lets go of everything; what runs runs on."""
