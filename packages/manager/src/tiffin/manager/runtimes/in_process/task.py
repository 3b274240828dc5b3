"""`InProcessTask`: `RuntimeTask` in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any

from tiffin.api.containerd.types.runc.options.oci_pb2 import ProcessDetails
from tiffin.api.typeurl import pack
from tiffin.manager.runtimes.bundles.discard import discard
from tiffin.manager.runtimes.values import Execution, Exit, Member, ProcessState, Status, Streams, Update
from tiffin.runtime.errors import NotFound
from tiffin.shim.service.messages import STATUSES
from tiffin.shim.service.options import checkpoint_options
from tiffin.shim.stdio import Stdio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.shim.tasks.tasks import Tasks


class InProcessTask:
    """As the protocol says. tasks: those of its namespace."""

    in_process = True

    def __init__(self, bundle: Bundle, tasks: Tasks) -> None:
        self._bundle = bundle
        self._tasks = tasks
        self._id = bundle.id

    @property
    def bundle(self) -> Bundle:
        """As the protocol says."""
        return self._bundle

    async def pid(self) -> int:
        """As the protocol says."""
        return (await self._tasks.connect(self._id)).task_pid

    async def start(self, exec_id: str) -> int:
        """As the protocol says."""
        return await self._tasks.start(self._id, exec_id)

    async def delete(self, exec_id: str) -> Exit:
        """As the protocol says."""
        try:
            was = await self._tasks.delete(self._id, exec_id)
        except NotFound:
            if not exec_id:
                await discard(self._bundle)
            raise
        if not exec_id:
            await discard(self._bundle)
        return Exit(was.pid, was.exit_status, was.exited_at)

    async def execute(self, execution: Execution) -> None:
        """As the protocol says."""
        streams = execution.streams
        stdio = Stdio(streams.stdin, streams.stdout, streams.stderr, streams.terminal)
        await self._tasks.execute(self._id, execution.exec_id, execution.spec.value, stdio)

    async def state(self, exec_id: str) -> ProcessState:
        """As the protocol says."""
        found = await self._tasks.state(self._id, exec_id)
        stdio = found.stdio
        return ProcessState(
            exec_id,
            found.pid,
            Status(STATUSES[found.status]),
            Streams(stdio.stdin, stdio.stdout, stdio.stderr, stdio.terminal),
            found.exit_status,
            found.exited_at,
        )

    async def kill(self, exec_id: str, signal: int, *, everything: bool) -> None:
        """As the protocol says."""
        await self._tasks.kill(self._id, exec_id, signal, everything=everything)

    async def wait(self, exec_id: str) -> Exit:
        """As the protocol says."""
        ended = await self._tasks.wait(self._id, exec_id)
        return Exit(0, ended.status, ended.at)

    async def members(self) -> Sequence[Member]:
        """As the protocol says: those that are execs say which, as runc's shim tells it."""
        found = await self._tasks.pids(self._id)
        return [
            Member(each.pid, pack(ProcessDetails(exec_id=each.exec_id)) if each.exec_id else None)
            for each in found
        ]

    async def pause(self) -> None:
        """As the protocol says."""
        await self._tasks.pause(self._id)

    async def resume(self) -> None:
        """As the protocol says."""
        await self._tasks.resume(self._id)

    async def resize(self, exec_id: str, width: int, height: int) -> None:
        """As the protocol says."""
        await self._tasks.resize(self._id, exec_id, width, height)

    async def close_stdin(self, exec_id: str) -> None:
        """As the protocol says."""
        await self._tasks.close_io(self._id, exec_id)

    async def checkpoint(self, folder: str, options: Any | None) -> None:
        """As the protocol says."""
        asked = options if options is not None else Any()
        await self._tasks.checkpoint(self._id, checkpoint_options(folder, asked))

    async def update(self, update: Update) -> None:
        """As the protocol says."""
        await self._tasks.update(self._id, b"{}" if update.resources is None else update.resources.value)

    async def stats(self) -> Any:
        """As the protocol says."""
        found: Any = await self._tasks.stats(self._id)
        return found

    async def give_up(self) -> None:
        """As the protocol says: the runtime lets go of all at once."""
