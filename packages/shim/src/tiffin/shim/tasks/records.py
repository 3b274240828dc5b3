"""What of a task stands on disk, in `<bundle>/tiffin` beside the monitor's own files, so that it can be taken back.

    task.json       what was asked for; while it is there, there is a task: without init@state a half-made one
    <name>@state    of each process: its state as it is, or as it is becoming, and what was not told of it yet

Each is written to a temporary file and renamed. None is synced: processes do not outlive a power cut, and the folder
is on a tmpfs. A state that ends in -ing is written before the work begins; a successor asks how far that came.
"""

from __future__ import annotations

import contextlib
import os
from enum import Enum

from tiffin.runtime.errors import OperationFailed
from tiffin.runtime.record import Record
from tiffin.spec import json_tree

from ..events.values import Mount
from ..monitor.values import MARK, Exit, file_of
from ..runtimes.options import RuntimeOptions
from ..stdio import Stdio
from .states import Status
from .values import CreateTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TypeVar

    R = TypeVar("R", bound=Record)

FOLDER = "tiffin"  # below the bundle
TASK_FILE = "task.json"
STATE = "state"
FORMAT = 2  # 1: the states were called `<name>.state`
MODE = 0o600


class TaskRecord(Record):
    """A task.

    namespace: the manager's. shared_pids: init has no pid namespace of its own.
    new_cgroups: the directories that its creation makes, for when that is given up half-way.
    """

    request: CreateTask
    namespace: str
    shared_pids: bool
    new_cgroups: tuple[str, ...] = ()


class ProcessRecord(Record):
    """A process.

    start_time: field 22 of /proc/PID/stat. cgroups: of the container, with its first process (see `cgroups`).
    untold: topic of the event that its state calls for, until that was handed over.
    process: of an exec, the OCI process as JSON. stdin_ended: nothing more comes for it.
    """

    exec_id: str
    stdio: Stdio
    status: Status
    pid: int = 0
    start_time: int = 0
    exit: Exit | None = None
    untold: str = ""
    process: str = ""
    stdin_ended: bool = False
    cgroups: Mapping[str, str] = {}  # never changed


def write_task(directory: str, record: TaskRecord) -> None:
    """Raises OperationFailed."""
    write_file(f"{directory}/{TASK_FILE}", _tree(record))


def read_task(directory: str) -> TaskRecord | None:
    """None if there is no task. Raises OperationFailed: it cannot be read."""
    return _read(f"{directory}/{TASK_FILE}", _task_of)


def _task_of(tree: Mapping[str, Any]) -> TaskRecord:
    request = tree["request"]
    options = _of(RuntimeOptions, request["options"])
    owner = options.io_owner
    return TaskRecord(
        request=_of(CreateTask, request).replace(
            rootfs=tuple(_mount(mount) for mount in request["rootfs"]),
            stdio=_of(Stdio, request["stdio"]),
            options=options.replace(io_owner=None if owner is None else (owner[0], owner[1])),
        ),
        namespace=tree["namespace"],
        shared_pids=tree["shared_pids"],
        new_cgroups=tuple(tree["new_cgroups"]),
    )


def write_process(directory: str, name: str, record: ProcessRecord) -> None:
    """Raises OperationFailed. name: what the monitor calls the process."""
    write_file(file_of(directory, name, STATE), _tree(record))


def read_processes(directory: str) -> Iterator[tuple[str, ProcessRecord]]:
    """All processes that have a record, by their names in the monitor. Raises OperationFailed."""
    for file in sorted(os.listdir(directory)):
        name, _, kind = file.rpartition(MARK)
        if name and kind == STATE and (record := _read(f"{directory}/{file}", _process_of)) is not None:
            yield name, record


def _process_of(tree: Mapping[str, Any]) -> ProcessRecord:
    end = tree["exit"]
    return _of(ProcessRecord, tree).replace(
        stdio=_of(Stdio, tree["stdio"]),
        status=Status(tree["status"]),
        exit=None if end is None else _of(Exit, end),
    )


def remove_process(directory: str, name: str) -> None:
    """One that is gone is fine. Raises OperationFailed."""
    remove_file(file_of(directory, name, STATE))


def write_file(path: str, tree: object) -> None:
    """Raises OperationFailed; then the file is as it was."""
    temporary = f"{path}.new"
    data = json_tree.encode(tree).encode()
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, MODE
        )
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.rename(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):  # it is as well there as not
            os.unlink(temporary)
        raise OperationFailed(f"{path}: {error.strerror}", errno=error.errno or 0) from error


def remove_file(path: str) -> None:
    """One that is gone is fine. Raises OperationFailed."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OperationFailed(f"{path}: {error.strerror}", errno=error.errno or 0) from error


def _read(path: str, record_of: Callable[[Mapping[str, Any]], R]) -> R | None:
    """The record in a file; None if there is no such file. Raises OperationFailed."""
    try:
        with open(path, "rb") as stream:
            tree = json_tree.decode(stream.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, json_tree.JSONError) as error:
        raise OperationFailed(f"{path}: {error}") from error
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise OperationFailed(
            f"{path}: is not of format {FORMAT}: another version of this program has written it"
        )
    try:
        return record_of(tree)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise OperationFailed(f"{path}: is no such record: {error!r}") from error


def _tree(record: Record) -> dict[str, object]:
    return {"format": FORMAT, **_fields(record)}


def _fields(record: Record) -> dict[str, object]:
    return {name: _plain(value) for name, value in zip(record._fields, record, strict=True)}


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return _fields(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _of(kind: type[R], tree: Mapping[str, Any]) -> R:
    """Of its fields those that are plain; what is not known (of a later version) is left out."""
    return kind(**{name: value for name, value in tree.items() if name in kind._fields})


def _mount(tree: Mapping[str, Any]) -> Mount:
    return _of(Mount, tree).replace(options=tuple(tree["options"]))
