"""`Monitor`: a connection to one monitor. Any number of clients may be connected to it at once."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tiffin.runtime.errors import Unavailable, Unsupported

from ..tasks.threads import in_thread
from . import messages
from .connection import Connection, error_of
from .requests import folders_of, make, start_request
from .starting import connect_to, end_of, reap, start_program
from .values import Exit, MonitoredProcess
from .wire import decode_fields

if TYPE_CHECKING:
    import socket
    from concurrent.futures import Future as ThreadFuture
    from typing import Self

    from .messages import Message
    from .values import Listener, Spawn


class Monitor:
    """A living monitor. Errors are those of `tiffin.runtime.errors`; Unavailable: the connection is lost.

    directory: what it was started or connected with. pid: of the monitor.
    """

    def __init__(self, sock: socket.socket, directory: str, listener: Listener) -> None:
        self.directory = directory
        self.pid = 0
        self._listener = listener
        self._connection = Connection(sock, self._happened, self._lost)
        self._greeting: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._closing = False

    @classmethod
    async def start(cls, directory: str, listener: Listener, *, log: str = "") -> Self:
        """Starts a monitor for a directory, which is made with mode 0700 if it is missing; it is ready on return.

        Args:
            directory: absolute; holds its socket and its records.
            log: file that the monitor appends what went wrong to; "" is `monitor.log` in the directory.

        Raises:
            AlreadyExists: a monitor lives there.
        """
        sock, pid = start_program(directory, log)
        try:
            return await cls._greeted(sock, directory, listener)
        finally:
            reap(pid)

    @classmethod
    async def connect(cls, directory: str, listener: Listener) -> Self:
        """Connects to the monitor of a directory. `processes` then tells what happened before.

        Raises:
            Unavailable: none lives there. OperationFailed: it cannot be known whether one does.
            Unsupported: it is of another version, whose messages are not ours.
        """
        return await cls._greeted(connect_to(directory), directory, listener)

    @classmethod
    async def _greeted(cls, sock: socket.socket, directory: str, listener: Listener) -> Self:
        """A monitor is there when it has said so: a connection may be queued at one that is just ending."""
        monitor = cls(sock, directory, listener)
        try:
            greeting = await monitor._greeting
        except BaseException:
            monitor._connection.close()
            raise
        if isinstance(greeting, messages.Hello) and greeting.version == messages.WIRE_VERSION:
            monitor.pid = greeting.pid
            return monitor
        monitor._connection.close()
        if isinstance(greeting, messages.Failed):
            raise error_of(greeting)
        raise Unsupported(
            f"the monitor in {directory} does not speak version {messages.WIRE_VERSION}: {greeting}"
        )

    def _happened(self, message: Message) -> None:
        if not self._greeting.done():
            self._greeting.set_result(message)
        elif isinstance(message, messages.Exited):
            self._listener.exited(message.name, _exit(message))
        elif isinstance(message, messages.Drained):
            self._listener.drained(message.name)

    def _lost(self) -> None:
        if not self._greeting.done():
            self._greeting.set_exception(Unavailable(f"the monitor in {self.directory} has just ended"))
        elif not self._closing:
            self._listener.lost()

    async def run(self, spawn: Spawn) -> int:
        """Runs a command line (`runc create --pid-file F ...`) to its end; the process of its pid file is monitored.

        Returns:
            The pid of that process. It goes on without us: if this client goes, the next one finds the process.

        Raises:
            CommandFailed: it did not end with 0, and nothing is left open.
            AlreadyExists: there is a process of that name.
            FailedPrecondition: it wrote no pid of a process that became the monitor's child, or sent no terminal.
        """
        return await self._start(spawn, until_end=True)

    async def spawn(self, spawn: Spawn) -> int:
        """Starts a program as the monitor's child and returns its pid at once; `adopt` tells which process counts.

        Until then no child of the monitor that it does not know is reaped, so that no end is lost.
        """
        return await self._start(spawn, until_end=False)

    def post_spawn(self, spawn: Spawn) -> ThreadFuture[Message]:
        """As `spawn`, from any thread: sent on return, with its descriptors. The answer is a `messages.Done`."""
        make(folders_of(spawn.streams))
        with ExitStack() as undo:
            request, descriptors = start_request(spawn, self.directory, undo, until_end=False)
            return self._connection.post(request, descriptors)

    def post_adopt(self, name: str, pid: int, *, go: int = -1) -> ThreadFuture[Message]:
        """As `adopt`, from any thread: sent on return."""
        return self._connection.post(messages.Adopt(name, pid), [go] if go >= 0 else [])

    async def _start(self, spawn: Spawn, *, until_end: bool) -> int:
        if folders := folders_of(spawn.streams):
            await in_thread(make, folders)  # they may be on a file system that hangs
        with ExitStack() as undo:
            request, descriptors = start_request(spawn, self.directory, undo, until_end=until_end)
            return (await self._connection.request(request, messages.Done, descriptors)).pid

    async def adopt(self, name: str, pid: int, *, go: int = -1) -> None:
        """The process of a `spawn` is this one: what was spawned, or another child of the monitor (CLONE_PARENT).

        Args:
            go: a descriptor that the monitor writes a byte to once it knows the process, so that whoever waits for that
                goes on, even if we are killed meanwhile; -1 for none.

        Raises:
            NotFound: there is no spawn of that name. FailedPrecondition: that is no child of the monitor.
        """
        descriptors = [go] if go >= 0 else []
        await self._connection.request(messages.Adopt(name, pid), messages.Done, descriptors)

    async def signal(self, name: str, number: int) -> None:
        """Sends a signal to a process, never to another that has its pid now. NotFound: it has ended, or is unknown."""
        await self._connection.request(messages.Signal(name, number), messages.Done)

    async def resize(self, name: str, width: int, height: int) -> None:
        """Sets the size of its terminal, in characters. FailedPrecondition: it has none."""
        await self._connection.request(messages.Resize(name, width, height), messages.Done)

    async def close_stdin(self, name: str) -> None:
        """The process reads EOF after what is in its FIFO, once no client has that open; once more is no error."""
        await self._connection.request(messages.CloseStdin(name), messages.Done)

    async def attach(self, name: str, *, stdin: int = -1, stdout: int = -1, stderr: int = -1) -> None:
        """Copies to and from descriptors (pipes, sockets), which stay ours, from now on to the process's end.

        A client that does not read is cut off when its buffer (256 KiB and the kernel's) is full.
        """
        given = (
            (stdin, messages.STREAM_STDIN),
            (stdout, messages.STREAM_STDOUT),
            (stderr, messages.STREAM_STDERR),
        )
        streams = sum(bit for descriptor, bit in given if descriptor >= 0)
        descriptors = [descriptor for descriptor, _ in given if descriptor >= 0]
        await self._connection.request(messages.Attach(name, streams), messages.Done, descriptors)

    async def reopen_logs(self, name: str) -> None:
        """Opens the files of its sinks anew, after somebody has renamed them."""
        await self._connection.request(messages.ReopenLogs(name), messages.Done)

    async def processes(self) -> tuple[MonitoredProcess, ...]:
        """All that it knows."""
        found: list[MonitoredProcess] = []
        after = 0
        while True:
            answer = await self._connection.request(messages.List(after), messages.Processes)
            found += (_process(decode_fields(messages.Process, item)) for item in answer.items)
            after = answer.next
            if not after:
                return tuple(found)

    async def forget(self, name: str) -> None:
        """Gives its streams up and removes its folder; one that lives is not killed, but not known any more."""
        await self._connection.request(messages.Forget(name), messages.Done)

    async def quit(self) -> None:
        """The monitor ends now, whatever lives; on return it has ended."""
        with end_of(self.pid) as ended:
            self._closing = True
            await self._connection.request(messages.Quit(), messages.Done)
            await ended
        self._connection.close()

    async def close(self) -> None:
        """Ends the connection, not the monitor."""
        self._connection.close()


def _exit(told: messages.Exited | messages.Process) -> Exit:
    return Exit(told.status, told.signal, told.at, bool(told.oom_killed))


def _process(told: messages.Process) -> MonitoredProcess:
    end = _exit(told) if told.ended else None
    return MonitoredProcess(told.name, told.pid, told.start_time, end, bool(told.drained), told.lost)
