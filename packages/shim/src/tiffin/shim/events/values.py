"""The events of tasks: plain values, which cost nothing to import. `messages` makes containerd's protobuf of them.

Fields are called like those of containerd's messages (api/events/task.proto), and mean the same. Times are nanoseconds
since 1970. `topic` is where containerd publishes the event (api `runtime/events.go`); it is of the class, no field.
"""

from __future__ import annotations

from tiffin.runtime.record import Record


class Mount(Record):
    """A mount of a rootfs, as a client gave it."""

    type: str = ""
    source: str = ""
    target: str = ""
    options: tuple[str, ...] = ()


class TaskIO(Record):
    """Where the streams of a task's first process go, as a client gave them."""

    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    terminal: bool = False


class Event(Record):
    """Base class. Each has `container_id`, which is all that a reader needs to keep what belongs together in order."""

    topic = ""  # no annotation: it is no field

    container_id: str


class TaskCreate(Event):
    """A task was made; its first process waits to be started."""

    topic = "/tasks/create"

    bundle: str
    rootfs: tuple[Mount, ...]
    io: TaskIO
    checkpoint: str
    pid: int


class TaskStart(Event):
    """The first process of a task runs."""

    topic = "/tasks/start"

    pid: int


class TaskExit(Event):
    """A process has ended. `id`: of the process: the container's for the first one, else that of the exec."""

    topic = "/tasks/exit"

    id: str
    pid: int
    exit_status: int
    exited_at: int


class TaskDelete(Event):
    """A task was deleted. `id`: "" for the task itself, else that of the exec."""

    topic = "/tasks/delete"

    pid: int
    exit_status: int
    exited_at: int
    id: str = ""


class TaskOOM(Event):
    """The kernel killed something of the task, which had no memory left."""

    topic = "/tasks/oom"


class TaskExecAdded(Event):
    """A further process was described; it runs once it is started."""

    topic = "/tasks/exec-added"

    exec_id: str


class TaskExecStarted(Event):
    """A further process runs."""

    topic = "/tasks/exec-started"

    exec_id: str
    pid: int


class TaskPaused(Event):
    """All processes of the task are frozen."""

    topic = "/tasks/paused"


class TaskResumed(Event):
    """They run again."""

    topic = "/tasks/resumed"


class TaskCheckpointed(Event):
    """The task's state was written to the folder `checkpoint`."""

    topic = "/tasks/checkpointed"

    checkpoint: str
