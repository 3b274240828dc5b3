"""Containers and their processes by `Client`: each test on Debian's containerd, on tiffind, and in this process."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tiffin.api.containerd.types.task.task_pb2 import Status
from tiffin.manager.client.fifos import Fifos
from tiffin.runtime.errors import AlreadyExists, FailedPrecondition, NotFound, OperationFailed

if TYPE_CHECKING:
    from packages.manager.tests.clients.conftest import Place, Reach

    from tiffin.manager.client.containers import Container
    from tiffin.manager.client.tasks import Task

pytestmark = pytest.mark.requires("root", "containerd", "runc", "busybox")

MANY = 300_000  # bytes: several times what a pipe holds


async def made(place: Place, *args: str, name: str = "one", terminal: bool = False) -> Container:
    spec = place.spec(*args, terminal=terminal)
    return await place.client.containers.create(name, spec, runtime=place.runtime)


async def ended(container: Container, task: Task) -> None:
    await task.kill(signal.SIGKILL, everything=True)
    await task.wait()
    await task.delete()
    await container.delete()


def test_a_process_has_streams_and_a_status(reach: Reach) -> None:
    async def work(place: Place) -> None:
        container = await made(place, "sh", "-c", "cat; echo problem >&2; exit 3")
        async with Fifos(stdin=True) as fifos:
            task = await container.create_task(fifos)
            assert (await task.status()).status == Status.CREATED
            assert await task.start() == task.pid
            await fifos.write(b"given\n")
            await fifos.close_stdin(task)
            assert await fifos.stdout.read() == b"given\n"
            assert await fifos.stderr.read() == b"problem\n"
            exit_ = await task.wait()
            assert exit_.status == 3
            assert await task.delete() == exit_
        await container.delete()

    reach(work)


def test_more_than_a_pipe_holds_comes_byte_for_byte(reach: Reach) -> None:
    script = f"i=0; while [ $i -lt {MANY // 10} ]; do printf '%09d\\n' $i; i=$((i+1)); done"

    async def work(place: Place) -> None:
        container = await made(place, "sh", "-c", script)
        async with Fifos() as fifos:
            task = await container.create_task(fifos)
            await task.start()
            assert await fifos.stdout.read() == b"".join(b"%09d\n" % number for number in range(MANY // 10))
            assert (await task.wait()).status == 0
            await task.delete()
        await container.delete()

    reach(work)


def test_a_further_process_is_one_of_its_own(reach: Reach) -> None:
    async def work(place: Place) -> None:
        container = await made(place, "sleep", "1000")
        task = await container.create_task()
        await task.start()
        process = {**container.spec["process"], "args": ["sh", "-c", "cat; exit 5"]}
        async with Fifos(stdin=True) as fifos:
            further = await task.execute("second", process, fifos)
            with pytest.raises(AlreadyExists):
                await task.execute("second", process)
            await further.start()
            await fifos.write(b"inside\n")
            await fifos.close_stdin(further)
            assert await fifos.stdout.read() == b"inside\n"
            assert (await further.wait()).status == 5
            assert (await further.delete()).status == 5
        with pytest.raises(NotFound):
            await further.status()
        assert len(await task.pids()) == 1
        await ended(container, task)

    reach(work)


def test_a_paused_task_is_told_as_such(reach: Reach) -> None:
    async def work(place: Place) -> None:
        container = await made(place, "sleep", "1000")
        task = await container.create_task()
        await task.start()
        await task.pause()
        assert (await task.status()).status == Status.PAUSED
        await task.resume()
        assert (await task.status()).status == Status.RUNNING
        listed = await place.client.containers.tasks()
        assert {name: each.pid for name, each in listed.items()} == {"one": task.pid}
        assert (await task.metrics()).id == "one"
        await ended(container, task)

    reach(work)


def test_labels_are_set_one_by_one(reach: Reach) -> None:
    async def work(place: Place) -> None:
        container = await made(place, "true")
        await container.set_labels({"a": "1"})
        await container.set_labels({"b": "2"})
        await container.set_labels({})
        assert dict((await place.client.containers.get("one")).record.labels) == {"a": "1", "b": "2"}
        await container.delete()

    reach(work)


def test_what_does_not_run_has_no_metrics(reach: Reach) -> None:
    async def work(place: Place) -> None:
        container = await made(place, "true")
        with pytest.raises(NotFound):
            await container.task().metrics()
        await container.delete()

    reach(work)


def test_what_is_not_allowed_has_its_class(reach: Reach) -> None:
    async def work(place: Place) -> None:
        with pytest.raises(NotFound):
            await place.client.containers.get("none")
        container = await made(place, "sleep", "1000")
        with pytest.raises(AlreadyExists):
            await made(place, "true")
        with pytest.raises(NotFound):
            await container.task().status()
        task = await container.create_task()
        with pytest.raises(AlreadyExists):
            await container.create_task()
        await task.start()
        with pytest.raises(FailedPrecondition if reach.ours else OperationFailed):  # containerd 1.6: UNKNOWN
            await task.delete()
        await ended(container, task)
        with pytest.raises(NotFound):
            await container.delete()

    reach(work)


def test_a_terminal_has_a_size(reach: Reach) -> None:
    async def work(place: Place) -> None:
        container = await made(place, "sh", "-c", "read x; stty size", terminal=True)
        async with Fifos(stdin=True, terminal=True) as fifos:
            task = await container.create_task(fifos)
            await task.start()
            await task.resize(99, 33)
            await fifos.write(b"go\n")
            assert (await fifos.stdout.read()).split() == [b"go", b"33", b"99"]
            await task.wait()
            await task.delete()
        await container.delete()

    reach(work)
