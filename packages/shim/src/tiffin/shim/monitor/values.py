"""What is told to a monitor and what it tells: processes, their streams, the sinks of their output, their ends."""

from __future__ import annotations

from typing import Protocol

from tiffin.runtime.record import Record

INIT = "init"  # the name of a container's first process
SOCKET = "monitor.sock"
CONSOLE = "console.sock"
LOG = "monitor.log"
MARK = "@"  # see `file_of`
LONGEST_SOCKET_PATH = 107  # bytes: sun_path of unix(7) without its NUL
CONSOLE_FOLDER = 3  # a command has its process's folder as that, when the path of CONSOLE is too long


class Sink(Record):
    """One place where output of a process goes.

    The same (equal) sink for stdout and stderr is one sink: one file with one rotation, one logger with two pipes.

    kind: "fifo" (must exist; any other file there is appended to, as containerd's shim does), "file" (appended raw),
        "cri" (Kubernetes' log format), "json-file" (Docker's), "binary" (a logger with containerd's protocol: its 3 is
        stdout, 4 stderr, 5 is closed when it is ready), "binary-v2" (which has to write a byte to 5 first), or
        "descriptor".
    path: absolute. arguments, environment ("K=V"): of a logger, which gets nothing else.
    max_bytes: "cri" and "json-file" are rotated before they would grow over it (path.1 is the newest old one); 0: no.
    max_files: how many there are at most, with the one that is written to.
    attributes: "json-file": a JSON object for the field `attrs` of each line.
    descriptor: of this process; for "descriptor".
    """

    kind: str
    path: str = ""
    arguments: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    max_bytes: int = 0
    max_files: int = 1
    attributes: str = ""
    descriptor: int = -1


class Streams(Record):
    """The standard streams of one process.

    stdin: path of a FIFO; "" is /dev/null, unless `attached_stdin`.
    stdout, stderr: their sinks. None is /dev/null, unless `attachable`. stderr is not looked at with a terminal.
    terminal: a pty, whose master the monitor holds.
    attachable: pipes are made also where there is no sink, so that `attach` works; what no client takes is dropped.
    attached_stdin: the process has a stdin that clients of `attach` write to, until `close_stdin`.
    owner: uid and gid of the process's ends of the pipes (runc's options IoUid and IoGid).
    """

    stdin: str = ""
    stdout: tuple[Sink, ...] = ()
    stderr: tuple[Sink, ...] = ()
    terminal: bool = False
    attachable: bool = False
    attached_stdin: bool = False
    owner: tuple[int, int] | None = None


class Spawn(Record):
    """A program to start.

    name: of the process in the monitor: letters, digits, `.`, `_`, `-`, at most 80; the container's first is INIT.
    argv: argv[0] is the absolute path of the program. environment: "K=V"; None is the monitor's, its starter's.
    directory: its working directory, "" is /.
    pid_file: for `run`: where the command writes the pid of the process; not read before the command has ended.
    console_socket: the monitor listens at `console_socket_path` for the pty's master, as `--console-socket` wants it.
    console_descriptor: the program gets a connected socket under this number instead, to send the master on.
    descriptors: pairs of one of ours and its number in the program, from 3 on; it gets no others.
    """

    name: str
    argv: tuple[str, ...]
    environment: tuple[str, ...] | None = None
    directory: str = ""
    streams: Streams = Streams()
    pid_file: str = ""
    console_socket: bool = False
    console_descriptor: int = -1
    descriptors: tuple[tuple[int, int], ...] = ()


class Exit(Record):
    """How a process ended.

    status: 0 to 255; 128 + signal if a signal killed it, as containerd has it. signal: 0 if none did.
    at: nanoseconds since 1970.
    oom_killed: the kernel's OOM killer killed something in its memory cgroup while it lived, and either it is INIT, or
        SIGKILL was its end.
    """

    status: int
    signal: int
    at: int
    oom_killed: bool


class MonitoredProcess(Record):
    """One process as its monitor, or the disk, knows it.

    pid: 0 until it is known. start_time: field 22 of /proc/PID/stat. exit: None while it lives.
    drained: it has ended, and its output was handed to its sinks.
    lost: bytes that sinks could not take (disk full, logger dead).
    """

    name: str
    pid: int
    start_time: int = 0
    exit: Exit | None = None
    drained: bool = False
    lost: int = 0


class Listener(Protocol):
    """What a monitor's connection calls, in its event loop, in the order in which it happened."""

    def exited(self, name: str, exit: Exit) -> None: ...  # noqa: A002  # the field's own word

    def drained(self, name: str) -> None: ...

    def lost(self) -> None:
        """The connection has ended without `close`; what the monitor recorded is on disk."""


def file_of(directory: str, name: str, kind: str) -> str:
    """A file of ours about a process, in its monitor's directory: `init@state`. No other file or folder is called so.

    Args:
        name: of the process in the monitor. No name has MARK: else the file of an exec `a` might be called as the
            folder of an exec `a.state`.
        kind: what the file is.
    """
    return f"{directory}/{name}{MARK}{kind}"


def console_socket_path(directory: str, name: str) -> str:
    """What to give to an OCI runtime as --console-socket, for `Spawn.console_socket`; see CONSOLE_FOLDER."""
    path = f"{directory}/{name}/{CONSOLE}"
    if len(path.encode()) <= LONGEST_SOCKET_PATH:
        return path
    return f"/proc/self/fd/{CONSOLE_FOLDER}/{CONSOLE}"
