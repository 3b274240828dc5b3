"""The terminal of a process in the foreground: ours in raw mode, joined to the container's pseudoterminal.

our stdin ──► master ──► container        SIGWINCH: our size is given to the master
our stdout ◄─ master ◄── container        all other signals: forwarded to the process
"""

from __future__ import annotations

import _socket
import _struct as struct
import errno
import fcntl
import posix
import select
import termios
from _signal import SIGCHLD, SIGWINCH, set_wakeup_fd, signal

from ..errors import RuntimeFailure
from ..state.files import write_all
from .foreground import NOT_FORWARDED, forward, forwardable, reap
from .held_signals import let_signals_come
from .host_terminal import OFLAG, HostTerminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.spec.runtime.tree import ProcessTree

READ_SIZE = 65536
HUNG_UP_PAUSE = 100
"""Milliseconds until a master is looked at again whose other side nobody has open: no event tells that somebody has."""


class ForegroundTerminal:
    """Joins our terminal to a container's.

    `descriptor` is the console socket for init; give it to the launch, then call `attach`, `relay` and, whatever
    happens, `close`.

    Raises:
        FailedPrecondition: we have no terminal ourselves.
    """

    def __init__(self) -> None:
        self._host = HostTerminal()
        self._master = -1
        self._ours, self._theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM, 0)

    @property
    def descriptor(self) -> int:
        return self._theirs.fileno()

    def sized(self, process: ProcessTree) -> ProcessTree:
        """The process with our terminal's size, unless it has one: it finds it when it starts, and not soon after."""
        if process.get("consoleSize"):
            return process
        height, width = struct.unpack_from("HH", self._host.size() or bytes(4))
        return {**process, "consoleSize": {"height": height, "width": width}}

    def attach(self) -> None:
        """Takes the master of the container's terminal, and makes ours raw, if it is what we read."""
        self._theirs.close()
        self._master = _receive_descriptor(self._ours)
        posix.set_blocking(self._master, False)
        _keep_newlines(self._master)
        self.resize()
        if posix.isatty(0):  # keys that nobody reads keep their meaning: ctrl-c is a signal
            self._host.make_raw()

    def resize(self) -> None:
        """Gives the container's terminal the size of ours."""
        size = self._host.size()
        if size:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def relay(self, pid: int, held: Iterable[int]) -> int:
        """Copies both ways and forwards signals until the process ends; returns its exit code.

        Args:
            held: of `hold_signals`: they come as soon as they can be forwarded.
        """
        wake, trigger = posix.pipe2(posix.O_CLOEXEC | posix.O_NONBLOCK)
        numbers = forwardable()
        before = [(number, signal(number, lambda *_: None)) for number in numbers]
        previous = set_wakeup_fd(trigger, warn_on_full_buffer=False)
        posix.write(trigger, bytes([SIGCHLD]))  # it may have ended before we listened
        let_signals_come(held)
        try:
            return self._loop(pid, wake)
        finally:
            set_wakeup_fd(previous)
            for number, handler in before:
                signal(number, handler)
            posix.close(wake)
            posix.close(trigger)

    def _loop(self, pid: int, wake: int) -> int:
        pending = b""
        listening = True
        hung_up = False
        while True:
            poll = select.poll()
            poll.register(wake, select.POLLIN)
            if not hung_up:
                poll.register(self._master, select.POLLIN | (select.POLLOUT if pending else 0))
            if listening and not pending:
                poll.register(0, select.POLLIN)
            ready = dict(poll.poll(HUNG_UP_PAUSE if hung_up else None))
            of_master = ready.get(self._master, 0)
            hung_up = False
            if of_master & select.POLLOUT:
                pending = pending[posix.write(self._master, pending) :]
            if of_master & (select.POLLIN | select.POLLHUP):
                hung_up = not self._copy_output() and bool(of_master & select.POLLHUP)
            if 0 in ready:
                pending = posix.read(0, READ_SIZE)
                listening = bool(pending)
            if wake in ready:
                code = self._signalled(posix.read(wake, READ_SIZE), pid)
                if code is not None:
                    self._drain()
                    return code

    def _signalled(self, numbers: bytes, pid: int) -> int | None:
        for number in numbers:
            if number == SIGWINCH:
                self.resize()
            elif number == SIGCHLD:
                code = reap(pid)
                if code is not None:
                    return code
            elif number not in NOT_FORWARDED:
                forward(pid, number)
        return None

    def _copy_output(self) -> bool:
        """Copies once; false if there was nothing."""
        try:
            data = posix.read(self._master, READ_SIZE)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.EIO:  # EIO: nobody has the other side open (any more)
                raise
            return False
        _show(data)
        return bool(data)

    def _drain(self) -> None:
        while self._copy_output():
            pass

    def close(self) -> None:
        """Gives our terminal its mode back."""
        self._host.close()
        for sock in (self._ours, self._theirs):
            sock.close()
        if self._master >= 0:
            posix.close(self._master)
            self._master = -1


def _show(data: bytes) -> None:
    """To a terminal that has gone nothing is shown; it is read all the same, or the container would wait for us."""
    try:
        write_all(1, data)
    except OSError as error:
        if error.errno != errno.EIO:
            raise


def _receive_descriptor(sock: _socket.socket) -> int:
    _, ancillary, _, _ = sock.recvmsg(1024, _socket.CMSG_SPACE(4), _socket.MSG_CMSG_CLOEXEC)
    for level, kind, data in ancillary:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            return int.from_bytes(data[:4], "little")
    raise RuntimeFailure("the container did not send the master of its terminal")


def _keep_newlines(master: int) -> None:
    """The container's terminal adds no carriage returns: ours does, and a file or pipe gets none, as with runc."""
    mode = termios.tcgetattr(master)
    mode[OFLAG] &= ~termios.ONLCR
    termios.tcsetattr(master, termios.TCSANOW, mode)
