"""Logs of a manager's containers: files on this machine that `tiffin run --detach` has had the shim write."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from tiffin.api.containerd.types.task.task_pb2 import STOPPED
from tiffin.cli.containers.log_reading import show
from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.folder import is_folder_of
from tiffin.cli.managed.pids import has_our_pids
from tiffin.cli.parse import UsageError
from tiffin.cli.run.labels import LOG
from tiffin.cli.run.log_limits import log_limits
from tiffin.manager.client.tasks import Task
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiffin.api.containerd.types.task.task_pb2 import Process as ProcessState
    from tiffin.cli.containers.port import LogView
    from tiffin.cli.managed.loop import Loop
    from tiffin.cli.parse import Arguments
    from tiffin.manager.client.client import Client

JSON_FILE, FILE = "json-file", "file"
OURS = "io.containerd.tiffin."


def log_uri(folder: str, runtime: str, arguments: Arguments) -> str:
    """Where a container's output is to go. Only our shim writes Docker's format; others write plain bytes.

    Args:
        folder: of the container, on this machine.

    Raises:
        UsageError: rotation is asked for where there is none.
    """
    path = quote(os.path.join(folder, "output.log"))
    limits = log_limits(arguments)
    if runtime.startswith(OURS):
        return f"{JSON_FILE}://{path}?max-size={limits.max_bytes}&max-files={limits.max_files}"
    if arguments.given("log-opt"):
        raise UsageError(f"--log-opt: {runtime} rotates no logs; --runtime io.containerd.tiffin.v2 does")
    return f"{FILE}://{path}"


def show_log(
    loop: Loop, name: str, labels: Mapping[str, str], state: ProcessState | None, view: LogView
) -> None:
    """Prints it. Raises CommandFailed: there is none here."""
    uri = labels.get(LOG, "")
    if not is_folder_of(os.path.dirname(_path(uri)), loop.namespace, name):
        uri = state.stdout if state is not None else ""
    if urlsplit(uri).scheme not in (JSON_FILE, FILE):
        raise CommandFailed(
            f"{name!r} has no log here: its output goes to {uri or 'nobody'}. `tiffin run --detach` gives it one"
        )
    with ExitStack() as stack:
        # the pid of one that has ended may be somebody else's by now
        follows = view.follow and state is not None and state.status != STOPPED and state.pid != 0
        ended = stack.enter_context(end_of_task(loop, name, state)) if follows and state is not None else -1
        try:
            show(_path(uri), view, plain=urlsplit(uri).scheme == FILE, ended=ended)
        except FileNotFoundError as error:
            raise CommandFailed(
                f"the log of {name!r}, {_path(uri)}, is not on this machine, or was removed"
            ) from error


@contextmanager
def end_of_task(loop: Loop, name: str, state: ProcessState) -> Iterator[int]:
    """A descriptor that becomes readable when the task has ended; -1: it has.

    A pidfd, where the manager's pids are ours: a manager that is started again does not matter to it. Else the manager
    is asked, which has to stay then.
    """
    if loop.run(lambda client: has_our_pids(client, loop.address)):
        with ExitStack() as stack:
            ended = -1
            with suppress(ProcessLookupError):
                ended = os.pidfd_open(state.pid)
                stack.callback(os.close, ended)
            yield ended
        return

    async def wait(client: Client) -> None:
        with suppress(NotFound):  # it has ended, and somebody has taken note of that
            await Task(client.session, name).wait()

    with loop.beside(wait) as ended:
        yield ended


def _path(uri: str) -> str:
    return unquote(urlsplit(uri).path)
