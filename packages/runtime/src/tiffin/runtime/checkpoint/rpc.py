"""`Criu`: one `criu swrk` process and the conversation with it.

us ── request ──► criu          on a SOCK_SEQPACKET pair; CRIU opens our descriptors by /proc/<our pid>/fd
us ◄── notify ─── criu          any number of times; it waits for our answer
us ◄── response ─ criu
"""

from __future__ import annotations

import array
import os
import select
import shutil
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import OperationFailed, TimedOut, Unsupported
from ..launch.process_end import open_end
from ..launch.starting import OWN_CHILDREN, Program
from ..launch.stopping import wait_until_readable
from .messages import FEATURE_CHECK, NOTIFY, PRE_DUMP, REQUEST, RESPONSE, TYPE_NAMES, VERSION
from .protobuf import decode, encode

if TYPE_CHECKING:
    from ..launch.starting import Starter

PROGRAM = "criu"
VERSION_NEEDED = (3, 15, 0)  # the first that can leave out a pid namespace that the container only joined
ANSWER_MAXIMUM = 64 * 1024
DESCRIPTORS_MAXIMUM = 4
PATIENCE = 10.0  # seconds for it to see that we are gone


class Listener(Protocol):
    """What is done when CRIU asks back; whatever it raises ends the operation."""

    def notified(self, script: str, pid: int, descriptors: Sequence[int]) -> None:
        """One of CRIU's action scripts (criu(8), --action-script). The descriptors are closed afterwards."""


class CriuFailed(OperationFailed):
    """CRIU said no, or died. Its log says why; `log.explain` reads it."""


class Criu:
    """A started `criu swrk`; a context manager that leaves no process behind.

    Args:
        wrapper: a command that executes the rest of its arguments in the end; an int is a descriptor, as in `Program`.
        stdio: descriptors for CRIU's standard streams, which restored processes inherit; None for /dev/null.
        inherited: descriptors that CRIU gets under the same numbers.
        starter: who starts it, and becomes the parent of it and of restored processes.
        stop: becomes readable when its answers are not to be waited for any longer; -1: never.
        patience: seconds that it then has to see that we are gone, before it is killed.

    Raises:
        Unsupported: there is no criu.
    """

    def __init__(
        self,
        *,
        wrapper: Sequence[str | int] = (),
        stdio: tuple[int, int, int] | None = None,
        inherited: Sequence[int] = (),
        starter: Starter = OWN_CHILDREN,
        stop: int = -1,
        patience: float = PATIENCE,
    ) -> None:
        program = shutil.which(PROGRAM, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")
        if program is None:
            raise Unsupported("checkpoint and restore need criu: install Debian's package criu")
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._stop = stop
        self._patience = patience
        with theirs, open(os.devnull, "r+b", buffering=0) as nothing:
            words = (*wrapper, program, "swrk", theirs.fileno())
            streams = stdio or (nothing.fileno(),) * 3
            self.started = starter.start(Program(words, -1, streams, tuple(inherited), os.environ))

    def __enter__(self) -> Criu:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.socket.close()
        given_up = kind is not None and issubclass(kind, TimedOut)
        self._wait(self._patience if given_up else PATIENCE)  # it sees that we are gone
        self.started.kill()

    def _wait(self, seconds: float | None = None) -> None:
        """Waits for its end; does not reap it."""
        pid = self.started.pid()
        if not pid:
            return
        try:
            end = open_end(pid)
        except ProcessLookupError:
            return
        try:
            poll = select.poll()
            poll.register(end, select.POLLIN)
            poll.poll(None if seconds is None else seconds * 1000)
        finally:
            os.close(end)

    def _code(self) -> int | None:
        """How it has ended, as Popen.returncode; None if only another process knows."""
        self._wait()
        status = self.started.reap()
        return None if status is None else os.waitstatus_to_exitcode(status)

    def ask(self, request: dict[str, Any], listener: Listener | None = None) -> dict[str, Any]:
        """Sends a request, answers what CRIU asks back, and returns its response.

        Raises:
            CriuFailed: it failed, died, or answered something else.
        """
        what = f"criu {TYPE_NAMES[request['type']]}"
        self._send(request, what)
        while True:
            response, descriptors = self._receive(what)
            try:
                if not response.get("success"):
                    raise _failure(what, response)
                if response.get("type") != NOTIFY:
                    return response
                if listener is not None:
                    notice = response.get("notify", {})
                    listener.notified(notice.get("script", ""), notice.get("pid", 0), descriptors)
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)
            self._send({"type": NOTIFY, "notify_success": True}, what)

    def finish(self, request_type: int) -> None:
        """Waits for CRIU to end after its response. After a pre-dump it waits for more, and ends with an error.

        Raises:
            CriuFailed: its exit status says that it failed after all.
        """
        self.socket.close()
        code = self._code()
        if code and request_type != PRE_DUMP:
            raise CriuFailed(f"criu {TYPE_NAMES[request_type]} ended with {_ending(code)}")

    def _send(self, request: dict[str, Any], what: str) -> None:
        try:
            self.socket.send(encode(REQUEST, request))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self._died(what) from error

    def _receive(self, what: str) -> tuple[dict[str, Any], list[int]]:
        size = socket.CMSG_SPACE(DESCRIPTORS_MAXIMUM * 4)
        try:
            wait_until_readable(self.socket.fileno(), self._stop)
            data, ancillary, _, _ = self.socket.recvmsg(ANSWER_MAXIMUM, size, socket.MSG_CMSG_CLOEXEC)
        except ConnectionResetError as error:
            raise self._died(what) from error
        descriptors = _descriptors(ancillary)
        if not data:
            raise self._died(what)
        try:
            return decode(RESPONSE, data), descriptors
        except ValueError as error:
            for descriptor in descriptors:
                os.close(descriptor)
            raise CriuFailed(f"{what}: an answer that is none: {error}") from error

    def _died(self, what: str) -> CriuFailed:
        self.socket.close()
        return CriuFailed(f"{what}: criu ended with {_ending(self._code())} and no answer")


def _descriptors(ancillary: Sequence[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return found.tolist()


def _failure(what: str, response: dict[str, Any]) -> CriuFailed:
    number = response.get("cr_errno", 0)
    reason = (
        f": {os.strerror(number)}" if number else ""
    )  # cr_errmsg is a piece of the log, which `explain` reads
    return CriuFailed(f"{what} failed{reason}", errno=number)


def _ending(code: int | None) -> str:
    if code is None:
        return "an unknown status"
    return f"signal {-code}" if code < 0 else f"status {code}"


def check_version(stop: int = -1) -> tuple[int, int, int]:
    """CRIU's version. stop: as for `Criu`.

    Raises:
        Unsupported: it is too old, or not installed. TimedOut: `stop` said so.
    """
    with Criu(stop=stop, patience=0.0) as criu:
        found = criu.ask({"type": VERSION}).get("version", {})
    version = (found.get("major_number", 0), found.get("minor_number", 0), found.get("sublevel", 0))
    if version < VERSION_NEEDED:
        raise Unsupported(f"criu {'.'.join(map(str, version))} is too old; 3.15 is needed")
    return version


def check_feature(feature: str, purpose: str, stop: int = -1) -> None:
    """Makes sure that CRIU, with this kernel, has a feature (`mem_track`, `lazy_pages`). stop: as for `Criu`.

    Raises:
        Unsupported: it has not. TimedOut: `stop` said so.
    """
    with Criu(stop=stop, patience=0.0) as criu:
        features = criu.ask({"type": FEATURE_CHECK, "features": {feature: True}}).get("features", {})
    if not features.get(feature):
        raise Unsupported(f"{purpose}: criu on this kernel has no {feature}")
