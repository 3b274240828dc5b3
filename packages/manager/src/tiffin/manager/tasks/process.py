"""`Process`: what is known of one process of a task, whether or not its shim answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.values import Exit, ProcessState, Status
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from tiffin.runtime.errors import RuntimeFailure


class Process:
    """Knowledge only grows: one that has ended does not run again, whatever a late answer says.

    Args:
        exec_id: "" for the task's first one.
    """

    def __init__(self, exec_id: str) -> None:
        self.exec_id = exec_id
        self.state: ProcessState | None = None
        self.told = False
        """Its exit has been published."""
        self.removal_told = False
        """So has the deletion of the task whose first process it is."""
        self._early: Exit | None = None
        self._exit: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()

    @property
    def stopped(self) -> bool:
        """Whether it has ended, as far as is known."""
        return self.state is not None and self.state.status is Status.STOPPED

    def is_of(self, pid: int) -> bool:
        """Whether that may be its pid. One that has none yet is no further process that has ended."""
        known = self.state.pid if self.state is not None else 0
        return known == pid or (not known and not self.exec_id)

    def learn(self, state: ProcessState) -> None:
        """What its shim says."""
        if not self.stopped:
            self.state = state
            if state.status is Status.STOPPED:
                self._resolve(Exit(state.pid, state.exit_status, state.exited_at))

    def change(self, status: Status, pid: int = 0) -> None:
        """What an event says."""
        known = self.state or ProcessState(self.exec_id, pid, Status.UNKNOWN)
        self.learn(known.replace(status=status, pid=pid or known.pid))

    def started(self, pid: int) -> None:
        """It runs; or it has ended already, and that was told first: events do not come the way that answers come."""
        self.change(Status.RUNNING, pid)
        if self._early is not None and self._early.pid == pid:
            self.told = True
            self.end(self._early)
        self._early = None

    def ended_early(self, exit_: Exit) -> None:
        """A process of its name has ended that may be this one: its pid will tell. It was published."""
        self._early = exit_

    def end(self, exit_: Exit) -> None:
        """It has ended."""
        known = self.state or ProcessState(self.exec_id, exit_.pid, Status.UNKNOWN)
        pid = exit_.pid or known.pid
        self.learn(
            known.replace(status=Status.STOPPED, pid=pid, exit_status=exit_.status, exited_at=exit_.at)
        )

    def fail(self, error: RuntimeFailure) -> None:
        """Those who wait learn that nobody can tell them how it ended."""
        if not self._exit.done():
            self._exit.set_exception(error)
            self._exit.exception()  # it is no mistake if nobody waits
            self._exit = asyncio.get_running_loop().create_future()

    def forget(self) -> None:
        """It is deleted."""
        self.fail(NotFound(f"process {self.exec_id!r} was deleted"))

    def _resolve(self, exit_: Exit) -> None:
        if not self._exit.done():
            self._exit.set_result(exit_)

    @property
    def exit(self) -> Exit | None:
        """How it ended, if it is known."""
        return self._exit.result() if self._exit.done() else None

    async def ended(self) -> Exit:
        """Waits until it is known how it ended. Raises what it failed with."""
        return await asyncio.shield(self._exit)
