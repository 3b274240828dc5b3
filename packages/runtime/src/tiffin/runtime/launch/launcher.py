"""Starts tiffin-core with a plan, and follows what it says until the container is ready.

controller ── BLOB (memfd: the plan) ──►  launcher ── clone ──► init
           ◄─ MESSAGES (pipe) ────────────┴──────────────────────┘
           ── GO (pipe) ───────────────────────────────────────► (one byte for each barrier)
"""

from __future__ import annotations

import posix

from ..errors import OperationFailed
from ..plan.encode import encode
from ..plan.operations import (
    MESSAGE_BARRIER,
    MESSAGE_FAILED,
    MESSAGE_PID,
    MESSAGE_READY,
    MESSAGE_TRACE,
    MESSAGE_WARNING,
)
from ..record import Record
from ..state.files import write_all
from .failure import death_of, failure_of
from .message import read_messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..plan.operation import Plan
    from .message import Message

WAIT_START = 22
SIGKILL = 9
ARGV0 = "tiffin-core"


class LaunchRequest(Record):
    """What to launch.

    core: descriptor of the sealed core. stdio: descriptors that become the container's 0, 1 and 2.
    inherited: descriptors that the core gets under their own numbers, beside those that are not close-on-exec.
    trace: report how long each operation took.
    lock: descriptor of the container's lock, -1 for none. A launcher, and an init of which no state tells yet, hold it
        until they are dead, so that a `delete` after our own death waits for them.
    """

    plan: Plan
    core: int
    stdio: tuple[int, int, int] = (0, 1, 2)
    inherited: tuple[int, ...] = ()
    trace: bool = False
    lock: int = -1


class Attendant:
    """What the controller does while the core works; a verb overrides what it needs."""

    def identified(self, pid: int, start_time: int) -> None:
        """Init exists, but does nothing yet."""

    def barrier(self, name: str) -> None:
        """Init waits at a barrier, and goes on when this returns."""

    def traced(self, operation: int, begin: int, end: int) -> None:
        """An operation took from begin to end (CLOCK_MONOTONIC, nanoseconds)."""

    def warned(self, text: str) -> None:
        """Something was left out."""

    def oom_killed(self) -> bool:
        """Whether the container's memory limit has killed a process of it."""
        return False


class Launch:
    """One run of the core: a launcher and an init, both children of this process.

    `follow` returns when init waits for its start, or has become the user's program. When it raises, both are
    dead and reaped.
    """

    def __init__(self, request: LaunchRequest) -> None:
        self.plan = request.plan
        self.pid = 0
        self.start_time = 0
        self._waits_for_start = any(operation.number == WAIT_START for operation in self.plan.operations)
        blob = posix.memfd_create("tiffin-plan", posix.MFD_CLOEXEC)
        try:
            write_all(blob, encode(self.plan, trace=request.trace))
            self._spawn(request, blob)
        finally:
            posix.close(blob)

    def _spawn(self, request: LaunchRequest, blob: int) -> None:
        self._messages, messages = posix.pipe2(posix.O_CLOEXEC)
        go, self._go = posix.pipe2(posix.O_CLOEXEC)
        try:
            actions = [
                (posix.POSIX_SPAWN_DUP2, own, number)
                for number, own in enumerate(request.stdio)
                if own != number
            ]
            # a descriptor onto itself: clears close-on-exec in the child
            given = (blob, messages, go) if request.lock < 0 else (blob, messages, go, request.lock)
            actions += [(posix.POSIX_SPAWN_DUP2, kept, kept) for kept in (*given, *request.inherited)]
            argv = [ARGV0, "launch", *map(str, given)]
            self.launcher = posix.posix_spawn(
                f"/proc/self/fd/{request.core}", argv, {}, file_actions=actions, setsigmask=()
            )
        except BaseException:
            posix.close(self._messages)
            posix.close(self._go)
            raise
        finally:
            posix.close(messages)
            posix.close(go)

    def follow(self, attendant: Attendant) -> None:
        """Attends to the core until the container is ready.

        Raises:
            OperationFailed: an operation failed, or a process died; nothing of the launch is left.
        """
        try:
            ready = self._attend(attendant)
            posix.close(self._go)
            self._go = -1
            status = self._reap_launcher()
            if status != 0 or (self._waits_for_start and not ready) or self.pid == 0:
                raise self._death(attendant, status)
        except BaseException:
            self._destroy()
            raise
        finally:
            self._close()

    def _attend(self, attendant: Attendant) -> bool:
        ready = False
        for message in read_messages(self._messages):
            if message.type == MESSAGE_READY:
                ready = True
            elif message.type == MESSAGE_FAILED:
                raise failure_of(self.plan, message)
            else:
                self._attend_one(attendant, message)
        return ready

    def _attend_one(self, attendant: Attendant, message: Message) -> None:
        if message.type == MESSAGE_PID:
            self.pid, self.start_time = message.a, message.b
            attendant.identified(message.a, message.b)
        elif message.type == MESSAGE_BARRIER:
            attendant.barrier(self.plan.operations[message.operation].arguments[0])
            self._send_go()
        elif message.type == MESSAGE_TRACE:
            attendant.traced(message.operation, message.a, message.b)
        elif message.type == MESSAGE_WARNING:
            attendant.warned(message.text)

    def _send_go(self) -> None:
        try:
            posix.write(self._go, b"\n")
        except BrokenPipeError:  # it died at the barrier: the end of its messages follows
            return

    def _reap_launcher(self) -> int:
        launcher, self.launcher = self.launcher, 0
        return posix.waitpid(launcher, 0)[1]

    def _death(self, attendant: Attendant, launcher_status: int) -> OperationFailed:
        oom_killed = attendant.oom_killed()
        if self.pid:
            posix.kill(self.pid, SIGKILL)
            pid, self.pid = self.pid, 0
            status = posix.waitpid(pid, 0)[1]
            return death_of("init", status, oom_killed=oom_killed)
        return death_of("launcher", launcher_status, oom_killed=oom_killed)

    def _destroy(self) -> None:
        """Kills and reaps what still lives; both are unreaped children, so that their pids are theirs."""
        self._close()
        for pid in (self.launcher, self.pid):
            if pid:
                posix.kill(pid, SIGKILL)
                posix.waitpid(pid, 0)
        self.launcher = self.pid = 0

    def _close(self) -> None:
        for descriptor in (self._messages, self._go):
            if descriptor >= 0:
                posix.close(descriptor)
        self._messages = self._go = -1
