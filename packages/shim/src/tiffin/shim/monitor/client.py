"""`Monitor`: a connection to one monitor. Any number of clients may be connected to it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from .values import Listener, MonitoredProcess, Spawn


class Monitor:
    """A living monitor. Errors are those of `tiffin.runtime.errors`; Unavailable: the connection is lost.

    pid: of the monitor.
    """

    pid: int

    @classmethod
    async def start(cls, directory: str, listener: Listener, *, log: str = "") -> Self:
        """Starts a monitor for a directory, which is made with mode 0700 if it is missing; it is ready on return.

        Args:
            directory: absolute; holds its socket and its records.
            log: file that the monitor appends what went wrong to; "" is `monitor.log` in the directory.

        Raises:
            AlreadyExists: a monitor lives there.
        """
        raise NotImplementedError

    @classmethod
    async def connect(cls, directory: str, listener: Listener) -> Self:
        """Connects to the monitor of a directory. `processes` then tells what happened before.

        Raises:
            Unavailable: none lives there.
        """
        raise NotImplementedError

    async def run(self, spawn: Spawn) -> int:
        """Runs a command line (`runc create --pid-file F ...`) to its end; the process of its pid file is monitored.

        Returns:
            The pid of that process. It goes on without us: if this client goes, the next one finds the process.

        Raises:
            CommandFailed: it did not end with 0, and nothing is left open.
            AlreadyExists: there is a process of that name.
            FailedPrecondition: it wrote no pid of a process that became the monitor's child, or sent no terminal.
        """
        raise NotImplementedError

    async def spawn(self, spawn: Spawn) -> int:
        """Starts a program as the monitor's child and returns its pid at once; `adopt` tells which process counts.

        Until then no child of the monitor that it does not know is reaped, so that no end is lost.
        """
        raise NotImplementedError

    async def adopt(self, name: str, pid: int) -> None:
        """The process of a `spawn` is this one: what was spawned, or another child of the monitor (CLONE_PARENT).

        Raises:
            NotFound: there is no spawn of that name. FailedPrecondition: that is no child of the monitor.
        """
        raise NotImplementedError

    async def signal(self, name: str, number: int) -> None:
        """Sends a signal to a process, never to another that has its pid now. NotFound: it has ended, or is unknown."""
        raise NotImplementedError

    async def resize(self, name: str, width: int, height: int) -> None:
        """Sets the size of its terminal, in characters. FailedPrecondition: it has none."""
        raise NotImplementedError

    async def close_stdin(self, name: str) -> None:
        """The process reads EOF after what is in its FIFO, once no client has that open; once more is no error."""
        raise NotImplementedError

    async def attach(self, name: str, *, stdin: int = -1, stdout: int = -1, stderr: int = -1) -> None:
        """Copies to and from descriptors (pipes, sockets), which stay ours, from now on to the process's end.

        A client that does not read is cut off when its buffer (256 KiB and the kernel's) is full.
        """
        raise NotImplementedError

    async def reopen_logs(self, name: str) -> None:
        """Opens the files of its sinks anew, after somebody has renamed them."""
        raise NotImplementedError

    async def processes(self) -> tuple[MonitoredProcess, ...]:
        """All that it knows."""
        raise NotImplementedError

    async def forget(self, name: str) -> None:
        """Gives its streams up and removes its folder; one that lives is not killed, but not known any more."""
        raise NotImplementedError

    async def quit(self) -> None:
        """The monitor ends now, whatever lives; on return it has ended."""
        raise NotImplementedError

    async def close(self) -> None:
        """Ends the connection, not the monitor."""
        raise NotImplementedError
