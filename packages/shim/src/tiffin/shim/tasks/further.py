"""Further processes of a container: an exec is added, started, and deleted; each has its own state and streams."""

from __future__ import annotations

from tiffin.runtime.errors import AlreadyExists, FailedPrecondition, InvalidArgument
from tiffin.runtime.state.identity import process_stat
from tiffin.spec import json_tree

from ..events.values import TaskExecAdded, TaskExecStarted
from ..runtimes.port import Execution
from ..stdio import make_folders, streams_of
from .ending import ended
from .process import Process, check_exec_id
from .states import TASK, Status, Verb, check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..monitor.values import Streams
    from ..stdio import Stdio
    from .container import Container


def add(container: Container, exec_id: str, process: Mapping[str, Any] | bytes, stdio: Stdio) -> None:
    """Adds one.

    Args:
        process: the OCI `process` object; whether it has a terminal is said by `stdio`.

    Raises:
        InvalidArgument: the id, the process or the streams. AlreadyExists: there is an exec of that id.
        FailedPrecondition: the container is not in a state for it. OperationFailed: it cannot be written down.
    """
    check_exec_id(exec_id)
    check(TASK, Verb.EXECUTE, container.init.status, container.said(container.init))
    container.check_runs_execs()
    if exec_id in container.execs:
        raise AlreadyExists(f"id {exec_id}: container {container.id} has such an exec")
    one = Process(exec_id, stdio, _described(process, terminal=stdio.terminal))
    _streams(container, one)  # raises now what else `start` would
    one.status = Status.CREATED
    event = TaskExecAdded(container_id=container.id, exec_id=exec_id)
    one.untold = event.topic
    container.write(one)
    container.execs[exec_id] = one
    container.tell(one, event)


async def start(container: Container, process: Process) -> int:
    """Runs one; returns its pid. Raises FailedPrecondition, RuntimeFailure; then it may be tried again."""
    try:
        async with container.change(process, Verb.START):
            _check_container(container)
            process.settled.clear()
            await _run(container, process)
            event = TaskExecStarted(container_id=container.id, exec_id=process.exec_id, pid=process.pid)
            container.become(process, Status.RUNNING, event)
            await container.end_stdin(process)
    except BaseException:
        if process.status is Status.CREATED and not process.pid:
            failed = FailedPrecondition(f"{container.said(process)}: its start has failed")
            process.settle(failed)
            container.exec_ended.set()
        raise
    finally:
        if process.exit is not None and process.status is Status.RUNNING:
            ended(container, process)
    return process.pid


async def _run(container: Container, process: Process) -> None:
    given = _streams(container, process)
    await make_folders(given)
    execution = Execution(process.name, process.process.encode(), given)
    try:
        process.pid = await container.runtime.execute(container.connected(), container.id, execution)
    except BaseException:
        process.forget()
        raise
    found = process_stat(process.pid)
    process.start_time = found[1] if found is not None else 0


def _check_container(container: Container) -> None:
    container.check_runs_execs()
    if container.init.status in (Status.PAUSING, Status.PAUSED, Status.RESUMING):
        raise FailedPrecondition(f"container {container.id} is paused: nothing can be started in it")
    check(TASK, Verb.EXECUTE, container.init.status, container.said(container.init))


def _streams(container: Container, process: Process) -> Streams:
    return streams_of(
        process.stdio,
        identifier=process.exec_id,
        namespace=container.namespace,
        owner=container.request.options.io_owner,
    )


def _described(process: Mapping[str, Any] | bytes, *, terminal: bool) -> str:
    """The process as JSON for the runtime."""
    try:
        tree = json_tree.decode(process) if isinstance(process, bytes) else dict(process)
    except json_tree.JSONError as error:
        raise InvalidArgument(f"the process of an exec: {error}") from error
    if not isinstance(tree, dict):
        raise InvalidArgument("the process of an exec must be a JSON object")
    return json_tree.encode({**tree, "terminal": terminal})
