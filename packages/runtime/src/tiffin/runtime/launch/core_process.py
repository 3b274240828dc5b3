"""`CoreProcess`: tiffin-core, started before there is a plan, so that its start and the planning take no turns.

controller ── BLOB (memfd: the plan) ──►  launcher ── clone ──► init
           ◄─ MESSAGES (pipe) ────────────┴──────────────────────┘
           ── GO (pipe) ───────────────────────────────────────► (one byte for the plan, one for each barrier)
"""

from __future__ import annotations

import fcntl
import posix

from ..record import Record
from ..state.files import write_all
from .starting import OWN_CHILDREN, Program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .starting import StartedProgram, Starter

ARGV0 = "tiffin-core"
FIRST_OWN = 3  # below are the container's standard streams, also if this process has closed its own


class CoreRequest(Record):
    """How to start it.

    core: descriptor of the sealed core. stdio: descriptors that become the container's 0, 1 and 2.
    inherited: descriptors that the core gets under their own numbers, beside those that are not close-on-exec.
    lock: descriptor of the container's lock, -1 for none. A launcher, and an init of which no state tells yet, hold it
        until they are dead, so that a `delete` after our own death waits for them.
    namespaces: CLONE_NEW* flags of new ones that the plan will ask for, which the launcher makes while it waits for it.
    network: descriptor of an unused network namespace that the launcher takes for the plan's new one, -1 for none.
    starter: who starts it, and becomes the parent of it and of the container's process.
    stop: becomes readable when the launch is to be given up; -1: never.
    """

    core: int
    stdio: tuple[int, int, int] = (0, 1, 2)
    inherited: tuple[int, ...] = ()
    lock: int = -1
    namespaces: int = 0
    network: int = -1
    starter: Starter = OWN_CHILDREN
    stop: int = -1


class CoreProcess:
    """A core that waits for its plan, and ends if this process does.

    messages: where to read what it says. started: the launcher, and init once it is there. stop: as in the request.
    """

    def __init__(self, request: CoreRequest) -> None:
        self.stop = request.stop
        self.messages = self._go = self._blob = -1
        try:
            self.started: StartedProgram = self._start(request)
        except BaseException:
            self.close()
            raise

    def _start(self, request: CoreRequest) -> StartedProgram:
        self._blob = above_stdio(posix.memfd_create("tiffin-plan", posix.MFD_CLOEXEC))
        self.messages, messages = map(above_stdio, posix.pipe2(posix.O_CLOEXEC))
        go, self._go = map(above_stdio, posix.pipe2(posix.O_CLOEXEC))
        try:
            lock, network = (number if number >= 0 else "-1" for number in (request.lock, request.network))
            words = (ARGV0, "launch", self._blob, messages, go, lock, network, str(request.namespaces))
            return request.starter.start(Program(words, request.core, request.stdio, request.inherited))
        finally:
            posix.close(messages)
            posix.close(go)

    def send_plan(self, blob: bytes) -> None:
        """Gives it the encoded plan."""
        write_all(self._blob, blob)
        posix.close(self._blob)
        self._blob = -1
        self.send_go()

    def send_go(self) -> None:
        """Lets it go on."""
        try:
            posix.write(self._go, b"\n")
        except BrokenPipeError:  # it died: the end of its messages follows
            return

    def let_pass_created(self) -> None:
        """Lets the process go on whose state is on disk: its parent does, if that has to know it first."""
        if not self.started.adopt(self._go):
            self.send_go()

    def close_go(self) -> None:
        """Whoever of it still waits for us ends."""
        if self._go >= 0:
            posix.close(self._go)
        self._go = -1

    def destroy(self) -> None:
        """Kills it and waits for its end, if that was not done."""
        self.close()
        self.started.kill()

    def close(self) -> None:
        """Closes our ends; once more is no error."""
        self.close_go()
        for descriptor in (self.messages, self._blob):
            if descriptor >= 0:
                posix.close(descriptor)
        self.messages = self._blob = -1


def above_stdio(descriptor: int) -> int:
    """The descriptor, or one that stands for it if its number is that of a standard stream."""
    if descriptor >= FIRST_OWN:
        return descriptor
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_OWN)
    finally:
        posix.close(descriptor)
