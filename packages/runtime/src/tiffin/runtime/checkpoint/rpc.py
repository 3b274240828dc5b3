"""`Criu`: one `criu swrk` process and the conversation with it.

us ── request ──► criu          on a SOCK_SEQPACKET pair; CRIU opens our descriptors by /proc/<our pid>/fd
us ◄── notify ─── criu          any number of times; it waits for our answer
us ◄── response ─ criu
"""

from __future__ import annotations

import array
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from typing import Any, Protocol

from ..errors import OperationFailed, Unsupported
from .messages import FEATURE_CHECK, NOTIFY, PRE_DUMP, REQUEST, RESPONSE, TYPE_NAMES, VERSION
from .protobuf import decode, encode

PROGRAM = "criu"
VERSION_NEEDED = (3, 15, 0)  # the first that can leave out a pid namespace that the container only joined
ANSWER_MAXIMUM = 64 * 1024
DESCRIPTORS_MAXIMUM = 4


class Listener(Protocol):
    """What is done when CRIU asks back; whatever it raises ends the operation."""

    def notified(self, script: str, pid: int, descriptors: Sequence[int]) -> None:
        """One of CRIU's action scripts (criu(8), --action-script). The descriptors are closed afterwards."""


class CriuFailed(OperationFailed):
    """CRIU said no, or died. Its log says why; `log.explain` reads it."""


class Criu:
    """A started `criu swrk`; a context manager that leaves no process behind.

    Args:
        wrapper: a command that executes the rest of its arguments in the end.
        stdio: descriptors for CRIU's standard streams, which restored processes inherit; None for /dev/null.
        inherited: descriptors that CRIU gets under the same numbers.

    Raises:
        Unsupported: there is no criu.
    """

    def __init__(
        self,
        *,
        wrapper: Sequence[str] = (),
        stdio: tuple[int, int, int] | None = None,
        inherited: Sequence[int] = (),
    ) -> None:
        program = shutil.which(PROGRAM, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")
        if program is None:
            raise Unsupported("checkpoint and restore need criu: install Debian's package criu")
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        streams = stdio or (subprocess.DEVNULL,) * 3
        with theirs:
            self.process = subprocess.Popen(
                [*wrapper, program, "swrk", str(theirs.fileno())],
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                pass_fds=[theirs.fileno(), *inherited],
            )

    def __enter__(self) -> Criu:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        if self.process.poll() is None and self.process.returncode is None:
            try:
                self.process.wait(timeout=10)  # it sees that we are gone
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

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
        code = self.process.wait()
        if code != 0 and request_type != PRE_DUMP:
            raise CriuFailed(f"criu {TYPE_NAMES[request_type]} ended with {_ending(code)}")

    def _send(self, request: dict[str, Any], what: str) -> None:
        try:
            self.socket.send(encode(REQUEST, request))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self._died(what) from error

    def _receive(self, what: str) -> tuple[dict[str, Any], list[int]]:
        size = socket.CMSG_SPACE(DESCRIPTORS_MAXIMUM * 4)
        try:
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
        return CriuFailed(f"{what}: criu ended with {_ending(self.process.wait())} and no answer")


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


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"status {code}"


def check_version() -> tuple[int, int, int]:
    """CRIU's version.

    Raises:
        Unsupported: it is too old, or not installed.
    """
    with Criu() as criu:
        found = criu.ask({"type": VERSION}).get("version", {})
    version = (found.get("major_number", 0), found.get("minor_number", 0), found.get("sublevel", 0))
    if version < VERSION_NEEDED:
        raise Unsupported(f"criu {'.'.join(map(str, version))} is too old; 3.15 is needed")
    return version


def check_feature(feature: str, purpose: str) -> None:
    """Makes sure that CRIU, with this kernel, has a feature (`mem_track`, `lazy_pages`).

    Raises:
        Unsupported: it has not.
    """
    with Criu() as criu:
        features = criu.ask({"type": FEATURE_CHECK, "features": {feature: True}}).get("features", {})
    if not features.get(feature):
        raise Unsupported(f"{purpose}: criu on this kernel has no {feature}")
