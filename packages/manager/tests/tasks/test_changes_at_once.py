"""Changes of one task that meet each other, or whose client goes away: each is done once, and to its end."""

from __future__ import annotations

import asyncio
import threading

import pytest
from packages.manager.tests.tasks.standing import StandIn

from tiffin.api.containerd.events import task_pb2 as events
from tiffin.api.typeurl import pack
from tiffin.manager.runtimes.values import Execution, Exit, ProcessState, Status, Update
from tiffin.manager.tasks import task as tasks
from tiffin.manager.tasks.limits import Limits
from tiffin.manager.tasks.task import Task
from tiffin.runtime.errors import NotFound, TimedOut, Unavailable
from tiffin.shim.tasks.threads import in_thread

SPEC = pack(events.TaskStart())


class DeletedOnce(StandIn):
    """What it was asked to delete first takes a while; then it knows nothing of it."""

    def __init__(self) -> None:
        super().__init__()
        self.removed = asyncio.Event()

    async def delete(self, exec_id: str) -> Exit:
        self.done.append(f"delete {exec_id}".rstrip())
        if len(self.done) > 1:
            raise NotFound("no such task")
        await self.removed.wait()
        return Exit(10, 0, 0)


async def test_a_task_that_is_deleted_twice_is_gone_when_the_first_one_is_through() -> None:
    shim, gone = DeletedOnce(), list[Task]()
    task = Task(shim, Limits(), gone.append)
    first, second = (asyncio.ensure_future(task.delete("")) for _ in range(2))
    for _ in range(10):
        await asyncio.sleep(0)
    assert gone == []  # its bundle is being removed: nobody may make another one of its name
    shim.removed.set()
    assert await first == Exit(10, 0, 0)
    with pytest.raises(NotFound):
        await second
    assert gone == [task]
    assert shim.done == ["delete"]
    await task.close()


async def test_an_update_is_finished_when_its_client_has_gone() -> None:
    shim = StandIn()
    task = Task(shim, Limits(), lambda _: None)
    shim.hang()
    asked = asyncio.ensure_future(task.update(Update(None, {})))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    shim.go_on(Status.RUNNING)
    await task.close()
    assert shim.done == ["update"]


async def test_who_waits_for_a_process_of_a_used_name_has_it_asked_for() -> None:
    shim = StandIn()
    task = Task(shim, Limits(), lambda _: None)
    await task.execute(Execution("e1", SPEC))
    first = asyncio.ensure_future(task.wait("e1"))
    await asyncio.sleep(0)
    await task.delete("e1")
    assert await first == Exit(10, 0, 0)
    await task.execute(Execution("e1", SPEC))
    second = asyncio.ensure_future(task.wait("e1"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert shim.waited_for == ["e1", "e1"]
    shim.end.set_result(Exit(12, 4, 5))
    async with asyncio.timeout(10):
        assert (await second).status == 4
    await task.close()


class AnswersLate(StandIn):
    """Tells a state that it has looked up before, when it is let."""

    async def state(self, exec_id: str) -> ProcessState:
        found = ProcessState(exec_id, 10, Status.STOPPED, exit_status=1, exited_at=1)
        await self._answer()
        return found


async def test_a_late_answer_about_a_deleted_process_does_not_end_the_next_of_its_name() -> None:
    shim = AnswersLate()
    task = Task(shim, Limits(), lambda _: None)
    await task.execute(Execution("e1", SPEC))
    shim.hang()
    asked = asyncio.ensure_future(task.state("e1"))
    await asyncio.sleep(0)
    task.known.forget("e1")  # it was deleted meanwhile
    task.known.begin(ProcessState("e1", 0, Status.CREATED))
    shim.go_on(Status.RUNNING)
    assert (await asked).exit_status == 1
    assert not task.known.process("e1").stopped
    await task.close()


class Stuck(StandIn):
    """Its removal waits in the kernel, where nobody can cancel it."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel, self.entered = threading.Event(), asyncio.Event()

    async def delete(self, exec_id: str) -> Exit:
        self.entered.set()
        await in_thread(self.kernel.wait, 60)
        return await super().delete(exec_id)


async def test_a_manager_does_not_wait_for_what_is_stuck_in_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "SETTLE", 0.05)
    shim = Stuck()
    task = Task(shim, Limits(), lambda _: None)
    deleting = asyncio.ensure_future(task.delete(""))
    await shim.entered.wait()
    async with asyncio.timeout(10):
        await task.close()
    shim.kernel.set()
    await asyncio.wait([deleting])


async def test_a_shim_that_hangs_does_not_gather_changes_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "MOST_CHANGES", 3)
    shim = StandIn()
    task = Task(shim, Limits(kill=0.01), lambda _: None)
    shim.hang()
    for _ in range(3):
        with pytest.raises(TimedOut):
            await task.kill("", 9, everything=False)
    with pytest.raises(Unavailable, match="kill since"):
        await task.kill("", 9, everything=False)
    shim.go_on(Status.RUNNING)
    for _ in range(3):
        await asyncio.sleep(0)
    await task.pause()  # which has all the time that it needs
    await task.close()
