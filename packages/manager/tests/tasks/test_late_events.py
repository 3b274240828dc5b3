"""A shim's events come on another connection than its answers: late ones are told, and confuse nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from packages.manager.tests.tasks.standing import StandIn

from tiffin.api.containerd.events import task_pb2 as events
from tiffin.api.typeurl import pack
from tiffin.manager.events.exchange import Exchange
from tiffin.manager.runtimes.values import Execution, Exit, ProcessState, Status
from tiffin.manager.tasks.limits import Limits
from tiffin.manager.tasks.task import Task
from tiffin.manager.tasks.telling import Teller
from tiffin.runtime.errors import NotFound, TimedOut, Unavailable

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any


class Told:
    """A task on a stand-in for a shim, its teller, and the topics that were published."""

    def __init__(self) -> None:
        self.exchange, self.topics = Exchange(), list[str]()
        self.exchange.listen(lambda envelope: self.topics.append(envelope.topic))
        self.shim = StandIn()
        self.task = Task(self.shim, Limits(state=0.05), lambda _: None)
        self.teller = Teller(self.exchange, lambda *_: self.task, lambda _: self.topics.append("gone"))

    def sent(self, topic: str, event: Any) -> None:
        self.teller.forwarded("default", topic, 1, event)


def exit_of(process: str, pid: int, status: int) -> Any:
    return pack(events.TaskExit(container_id="c1", id=process, pid=pid, exit_status=status))


async def test_an_exit_of_an_earlier_process_of_the_same_name_does_not_end_the_new_one() -> None:
    told = Told()
    await told.task.execute(Execution("e1", pack(events.TaskStart())))
    told.shim.next_pid = 11
    await told.task.start("e1")
    await told.task.delete("e1")
    await told.task.execute(Execution("e1", pack(events.TaskStart())))
    told.sent("/tasks/exit", exit_of("e1", 11, 3))  # before the new one has a pid
    told.shim.next_pid = 12
    await told.task.start("e1")
    told.sent("/tasks/exit", exit_of("e1", 11, 3))  # once more
    assert (await told.task.state("e1")).status is Status.RUNNING
    told.sent("/tasks/exit", exit_of("e1", 12, 4))
    state = await told.task.state("e1")
    assert (state.status, state.exit_status) == (Status.STOPPED, 4)
    assert await told.task.wait("e1") == Exit(12, 4, 0)
    await told.task.close()


async def test_an_exit_is_told_once() -> None:
    told = Told()
    await told.task.start("")
    for _ in range(3):
        told.sent("/tasks/exit", exit_of("c1", told.shim.next_pid, 0))
    assert told.topics == ["/tasks/exit"]
    told.teller.lost(told.shim, Exit(0, 137, 5))
    assert told.topics == ["/tasks/exit", "gone", "/tasks/delete"]
    await told.task.close()


async def test_what_a_dead_shim_has_not_told_is_told_in_its_place() -> None:
    told = Told()
    await told.task.start("")
    for name in ("e1", "e2"):
        await told.task.execute(Execution(name, pack(events.TaskStart())))
    await told.task.start("e1")
    told.teller.lost(told.shim, Exit(told.shim.next_pid, 137, 5))
    assert told.topics == ["/tasks/exit", "/tasks/exit", "gone", "/tasks/delete"]  # e2 has never been started
    assert (await told.task.state("")).exit_status == 137
    await told.task.close()


async def test_a_deletion_that_a_shim_has_told_before_it_died_is_told_once() -> None:
    told = Told()
    await told.task.start("")
    pid = told.shim.next_pid
    told.sent("/tasks/exit", exit_of("c1", pid, 0))
    told.sent("/tasks/delete", pack(events.TaskDelete(container_id="c1", pid=pid)))
    told.teller.lost(told.shim, Exit(0, 137, 5))
    assert told.topics == ["/tasks/exit", "/tasks/delete", "gone"]
    await told.task.close()


async def test_an_exit_that_was_lost_with_a_killed_shim_is_told_once_the_new_one_is_asked() -> None:
    told, published = Told(), asyncio.Event()
    told.exchange.listen(lambda _: published.set())
    await told.task.start("")
    told.shim.go_on(Status.STOPPED)
    told.teller.returned(told.shim)
    await asyncio.wait_for(published.wait(), 30)
    told.sent("/tasks/exit", exit_of("c1", told.shim.next_pid, 0))  # the shim tells it after all
    assert told.topics == ["/tasks/exit"]
    await told.teller.close()
    await told.task.close()


async def test_a_shim_that_hangs_is_asked_once_and_told_as_it_was() -> None:
    told = Told()
    await told.task.start("")
    told.shim.hang()
    for _ in range(5):
        assert (await told.task.state("")).status is Status.RUNNING
    assert told.shim.questions == 1
    assert "state" in told.task.asking.text()
    told.shim.go_on(Status.PAUSED)
    assert (await told.task.state("")).status is Status.PAUSED
    assert told.task.asking.text() == ""
    await told.task.close()


async def test_of_a_shim_that_hangs_from_the_first_nothing_is_known() -> None:
    told = Told()
    told.shim.hang()
    assert await told.task.state("") == ProcessState("", 0, Status.UNKNOWN)  # as containerd tells it
    with pytest.raises(TimedOut):
        await told.task.state("e1")
    told.shim.go_on(Status.RUNNING)
    assert (await told.task.state("")).status is Status.RUNNING
    await told.task.close()


async def test_a_shim_that_has_just_died_is_told_as_it_was() -> None:
    told = Told()
    await told.task.start("")
    told.shim.failure = Unavailable("the connection is closed")
    assert (await told.task.state("")).status is Status.RUNNING
    told.shim.failure = NotFound("no such process")
    with pytest.raises(NotFound):
        await told.task.state("e9")
    await told.task.close()


async def test_a_change_that_takes_too_long_is_given_up_and_still_finished() -> None:
    told = Told()
    task = Task(told.shim, Limits(start=0.05), lambda _: None)
    told.shim.hang()
    with pytest.raises(TimedOut) as late:
        await task.start("")
    assert "start" in str(late.value)
    told.shim.go_on(Status.RUNNING)
    await task.close()
    state = task.known.process("").state
    assert state is not None
    assert state.status is Status.RUNNING


async def test_an_exit_that_comes_before_the_answer_to_the_start_is_known_and_told_once() -> None:
    told = Told()
    await told.task.start("")
    await told.task.execute(Execution("e1", pack(events.TaskStart())))
    told.sent("/tasks/exit", exit_of("e1", 11, 3))
    told.shim.next_pid = 11
    await told.task.start("e1")
    assert (await told.task.state("e1")).exit_status == 3
    assert await told.task.wait("e1") == Exit(11, 3, 0)
    told.teller.lost(told.shim, Exit(10, 137, 5))
    assert told.topics == ["/tasks/exit", "/tasks/exit", "gone", "/tasks/delete"]  # the second: of c1
    await told.task.close()


async def test_who_waits_for_what_was_never_started_learns_that_the_shim_is_lost() -> None:
    told = Told()
    await told.task.start("")
    await told.task.execute(Execution("e1", pack(events.TaskStart())))
    waiting = [asyncio.ensure_future(told.task.wait(name)) for name in ("", "e1", "e2")]
    await asyncio.sleep(0)
    told.shim.end.set_exception(Unavailable("the connection is closed"))
    await asyncio.sleep(0)
    told.teller.lost(told.shim, Exit(10, 137, 5))
    async with asyncio.timeout(10):
        assert await waiting[0] == Exit(10, 137, 5)
        for other in waiting[1:]:
            with pytest.raises(NotFound):
                await other
    await told.task.close()
