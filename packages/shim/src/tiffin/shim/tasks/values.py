"""What clients give to `Tasks` and get from it. Times are nanoseconds since 1970, 0 for none."""

from __future__ import annotations

from tiffin.runtime.record import Record

from ..events.values import Mount
from ..runtimes.options import RuntimeOptions
from ..stdio import Stdio
from .states import Status


class CreateTask(Record):
    """A task to make.

    id: of the container. bundle: absolute path of the folder with config.json.
    rootfs: mounted at `<bundle>/rootfs`, in order; none if config.json names a root that is there.
    checkpoint, parent_checkpoint: folders of images of CRIU to restore from; then `start` restores it.
    """

    id: str
    bundle: str
    rootfs: tuple[Mount, ...] = ()
    stdio: Stdio = Stdio()
    checkpoint: str = ""
    parent_checkpoint: str = ""
    options: RuntimeOptions = RuntimeOptions()


class ProcessState(Record):
    """A process. id: the exec's, or the container's for the first one. pid: 0 if there is none yet.

    exit_status: 128 and the signal's number if a signal ended it.
    """

    id: str
    bundle: str
    pid: int
    status: Status
    stdio: Stdio
    exit_status: int = 0
    exited_at: int = 0


class ProcessInfo(Record):
    """A process that runs in a container. exec_id: if it is a further process of ours; init's children have none."""

    pid: int
    exec_id: str = ""


class Deleted(Record):
    """What was known of a process that is no more."""

    pid: int
    exit_status: int
    exited_at: int


class Connection(Record):
    """Answer of `connect`. shim_pid: this process. task_pid: the container's first one."""

    shim_pid: int
    task_pid: int


class Activity(Record):
    """Something that is at work on a process, for those who look for what hangs. seconds: for how long it has been."""

    container: str
    exec_id: str
    verb: str
    seconds: float


class Patience(Record):
    """How long `Tasks` waits for what is not a command of a runtime, in seconds.

    drain: at delete, for output that nobody takes, or that a process left behind may still write; then it is given up.
    last_execs: for execs to end after the first process has; then its exit is told all the same.
    kill: for a killed process to be gone.
    half_made: for the command of a killed predecessor that makes a process; then it is killed, and undone.
    monitor: for a monitor that was there before us to answer.
    request: for a monitor to do what needs it, such as to forget an exec; it may have much to do, on a slow machine.
    """

    drain: float = 10.0
    last_execs: float = 10.0
    kill: float = 10.0
    half_made: float = 30.0
    monitor: float = 10.0
    request: float = 60.0
