"""Starts tiffin-core with a plan, and follows what it says until the container is ready.

controller ── BLOB (memfd: the plan) ──►  launcher ── clone ──► init
           ◄─ MESSAGES (pipe) ────────────┴──────────────────────┘
           ── GO (pipe) ───────────────────────────────────────► (one byte for each barrier)
"""

from __future__ import annotations

from ..errors import OperationFailed
from ..plan.operations import (
    MESSAGE_BARRIER,
    MESSAGE_FAILED,
    MESSAGE_ORPHANED,
    MESSAGE_PID,
    MESSAGE_READY,
    MESSAGE_TRACE,
    MESSAGE_WARNING,
)
from .failure import death_of, failure_of
from .message import read_messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..plan.operation import Plan
    from .core_process import CoreProcess
    from .message import Message

WAIT_START = 22
CREATED = "created"


class Attendant:
    """What the controller does while the core works; a verb overrides what it needs."""

    def identified(self, pid: int, start_time: int) -> None:
        """Init exists, but does nothing yet."""

    def passes_created(self) -> bool:
        """Whether the barrier `created` needs nothing of init but its pid: then init need not wait there."""
        return False

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
    """One run of the core: a launcher and an init, both children of whoever starts programs for us (`Starter`).

    `follow` returns when init waits for its start, or has become the user's program. When it raises, both are dead.

    Args:
        plan: what the core was sent.
        core: which waits for it no more; the launch owns it from now on.
    """

    def __init__(self, plan: Plan, core: CoreProcess) -> None:
        self.plan = plan
        self.pid = 0
        self.start_time = 0
        self._core = core
        self._passed = ""
        self._orphaned = False
        self._waits_for_start = any(operation.number == WAIT_START for operation in plan.operations)

    def follow(self, attendant: Attendant) -> None:
        """Attends to the core until the container is ready.

        Raises:
            OperationFailed: an operation failed, or a process died; nothing of the launch is left.
        """
        try:
            ready = self._attend(attendant)
            self._core.close_go()
            status = self._core.started.reap()
            if status or self._orphaned or (self._waits_for_start and not ready) or self.pid == 0:
                raise self._death(attendant, status)
        except BaseException:
            self._destroy()
            raise
        finally:
            self._core.close()

    def _attend(self, attendant: Attendant) -> bool:
        ready = False
        for message in read_messages(self._core.messages, stop=self._core.stop):
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
            self._core.started.identify(message.a)
            attendant.identified(message.a, message.b)
            if attendant.passes_created():  # the answer is there before init asks
                self._passed = CREATED
                self._let_pass(attendant, CREATED)
        elif message.type == MESSAGE_BARRIER:
            name = self.plan.operations[message.operation].arguments[0]
            if name != self._passed:
                self._let_pass(attendant, name)
        elif message.type == MESSAGE_ORPHANED:
            self._orphaned = True
        elif message.type == MESSAGE_TRACE:
            attendant.traced(message.operation, message.a, message.b)
        elif message.type == MESSAGE_WARNING:
            attendant.warned(message.text)

    def _let_pass(self, attendant: Attendant, name: str) -> None:
        attendant.barrier(name)
        if name == CREATED:
            self._core.let_pass_created()
        else:
            self._core.send_go()

    def _death(self, attendant: Attendant, launcher_status: int | None) -> OperationFailed:
        oom_killed = attendant.oom_killed()
        if self.pid and not self._orphaned:
            return death_of("init", self.kill(), oom_killed=oom_killed)
        return death_of("launcher", launcher_status, oom_killed=oom_killed)

    def _destroy(self) -> None:
        self._core.destroy()
        self.kill()

    def kill(self) -> int | None:
        """Kills init, or the program that it has become; its wait status, None where it is not known."""
        self.pid = 0
        return self._core.started.kill_made()
