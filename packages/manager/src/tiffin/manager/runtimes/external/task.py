"""`ExternalTask`: `RuntimeTask` in a shim that is a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.runtime.task.v2 import shim_pb2 as shim  # version 3 has the same messages
from tiffin.manager.runtimes.external import told
from tiffin.manager.runtimes.values import (
    Execution,
    Exit,
    Member,
    ProcessState,
    Status,
    Streams,
    Update,
)
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import Message

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.shim import Shim

R = TypeVar("R", bound="Message")
KNOWN = frozenset(int(status) for status in Status)


class ExternalTask:
    """As the protocol says. shim: the connection to it, which ends with the task."""

    in_process = False

    def __init__(self, bundle: Bundle, shim_: Shim) -> None:
        self._bundle = bundle
        self._shim = shim_
        self._id = bundle.id

    @property
    def bundle(self) -> Bundle:
        """As the protocol says."""
        return self._bundle

    async def _call(self, method: str, request: Message, response: type[R]) -> R:
        return await self._shim.call(method, request, response)

    async def _ask(self, method: str, request: Message, response: type[R]) -> R:
        return await self._shim.ask(method, request, response)

    async def pid(self) -> int:
        """As the protocol says."""
        answer = await self._ask("Connect", shim.ConnectRequest(id=self._id), shim.ConnectResponse)
        return answer.task_pid

    async def start(self, exec_id: str) -> int:
        """As the protocol says."""
        request = shim.StartRequest(id=self._id, exec_id=exec_id)
        return (await self._call("Start", request, shim.StartResponse)).pid

    async def delete(self, exec_id: str) -> Exit:
        """As the protocol says."""
        request = shim.DeleteRequest(id=self._id, exec_id=exec_id)
        try:
            answer = await self._call("Delete", request, shim.DeleteResponse)
        except NotFound:  # it was deleted when we were killed, and nobody has heard of it
            if not exec_id:
                await self._shim.end()
            raise
        if not exec_id:
            told.forget(self._bundle)
            await self._shim.end()
        return Exit(answer.pid, answer.exit_status, answer.exited_at.ToNanoseconds())

    async def execute(self, execution: Execution) -> None:
        """As the protocol says."""
        streams = execution.streams
        request = shim.ExecProcessRequest(
            id=self._id,
            exec_id=execution.exec_id,
            terminal=streams.terminal,
            stdin=streams.stdin,
            stdout=streams.stdout,
            stderr=streams.stderr,
            spec=execution.spec,
        )
        await self._call("Exec", request, Empty)

    async def state(self, exec_id: str) -> ProcessState:
        """As the protocol says."""
        request = shim.StateRequest(id=self._id, exec_id=exec_id)
        answer = await self._ask("State", request, shim.StateResponse)
        status = Status(answer.status) if answer.status in KNOWN else Status.UNKNOWN
        return ProcessState(
            exec_id,
            answer.pid,
            status,
            Streams(answer.stdin, answer.stdout, answer.stderr, answer.terminal),
            answer.exit_status,
            max(answer.exited_at.ToNanoseconds(), 0),  # Go's time of nothing is the year 1
        )

    async def kill(self, exec_id: str, signal: int, *, everything: bool) -> None:
        """As the protocol says."""
        request = shim.KillRequest(id=self._id, exec_id=exec_id, signal=signal, all=everything)
        await self._call("Kill", request, Empty)

    async def wait(self, exec_id: str) -> Exit:
        """As the protocol says."""
        request = shim.WaitRequest(id=self._id, exec_id=exec_id)
        answer = await self._ask("Wait", request, shim.WaitResponse)
        return Exit(0, answer.exit_status, answer.exited_at.ToNanoseconds())

    async def members(self) -> Sequence[Member]:
        """As the protocol says."""
        answer = await self._ask("Pids", shim.PidsRequest(id=self._id), shim.PidsResponse)
        return tuple(
            Member(each.pid, each.info if each.HasField("info") else None) for each in answer.processes
        )

    async def pause(self) -> None:
        """As the protocol says."""
        await self._call("Pause", shim.PauseRequest(id=self._id), Empty)

    async def resume(self) -> None:
        """As the protocol says."""
        await self._call("Resume", shim.ResumeRequest(id=self._id), Empty)

    async def resize(self, exec_id: str, width: int, height: int) -> None:
        """As the protocol says."""
        request = shim.ResizePtyRequest(id=self._id, exec_id=exec_id, width=width, height=height)
        await self._call("ResizePty", request, Empty)

    async def close_stdin(self, exec_id: str) -> None:
        """As the protocol says."""
        await self._call("CloseIO", shim.CloseIORequest(id=self._id, exec_id=exec_id, stdin=True), Empty)

    async def checkpoint(self, folder: str, options: Any | None) -> None:
        """As the protocol says."""
        await self._call(
            "Checkpoint", shim.CheckpointTaskRequest(id=self._id, path=folder, options=options), Empty
        )

    async def update(self, update: Update) -> None:
        """As the protocol says."""
        request = shim.UpdateTaskRequest(
            id=self._id, resources=update.resources, annotations=dict(update.annotations)
        )
        await self._call("Update", request, Empty)

    async def stats(self) -> Any:
        """As the protocol says."""
        return (await self._ask("Stats", shim.StatsRequest(id=self._id), shim.StatsResponse)).stats

    async def give_up(self) -> None:
        """As the protocol says."""
        await self._shim.give_up()
