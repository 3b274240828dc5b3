"""`tiffin --address SOCKET exec`: a further process."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.cli.attending.attendance import Attendance
from tiffin.cli.attending.terminal import own_terminal, size_of
from tiffin.cli.containers.exec_process import process_tree
from tiffin.cli.execute.external import code_of
from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.attended_process import ManagedProcess
from tiffin.manager.client.fifos import Fifos
from tiffin.runtime.errors import RuntimeFailure

if TYPE_CHECKING:
    from typing import Any

    from tiffin.cli.containers.port import Execution
    from tiffin.manager.client.process import Process
    from tiffin.manager.client.tasks import Task


async def execute(task: Task, config: dict[str, Any], pid: int, execution: Execution) -> int:
    """Runs it; its exit code, 0 if it is detached.

    Args:
        config: of the container. pid: of its first process.

    Raises:
        CommandFailed: it could not be started, with the exit code of that.
    """
    process = process_tree(config, execution, pid)
    identifier = f"exec-{secrets.token_hex(8)}"
    if execution.detach:
        await _start(await task.execute(identifier, process))
        return 0
    if execution.tty:
        columns, rows = size_of(own_terminal())
        process["consoleSize"] = {"width": columns, "height": rows}
    async with Fifos(stdin=execution.interactive, terminal=execution.tty) as fifos:
        added = await task.execute(identifier, process, fifos)
        await _start(added)
        attendance = Attendance(
            ManagedProcess(added, fifos), fifos, tty=execution.tty, stdin=execution.interactive
        )
        code = await attendance.attend()
        await added.delete()
    return code or 0


async def _start(process: Process) -> None:
    try:
        await process.start()
    except RuntimeFailure as error:
        with suppress(RuntimeFailure):  # a shim may have forgotten it already
            await process.delete()
        text = " ".join(str(error).split())
        raise CommandFailed(text, code_of(text)) from error
