"""Clients give up their calls at random moments: each is done or undone, and the name can be used again."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from grpc import StatusCode, aio
from packages.manager.tests.tasks.containers import PROCESS
from packages.manager.tests.tasks.peers import OURS, RUNC
from packages.manager.tests.tasks.shims import ends

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin_testing.bundle import default_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packages.manager.tests.tasks.containers import Containers

pytestmark = [
    pytest.mark.requires("root", "containerd", "runc"),
    pytest.mark.parametrize("peer", OURS, indirect=True),
    pytest.mark.timeout(300 if "CI" in os.environ else 120),
]
WORKERS, SEED = 4, 20261127
LIVES = 40 if "CI" in os.environ else 12
SECONDS = 60.0
EXPECTED = {
    StatusCode.DEADLINE_EXCEEDED,
    StatusCode.NOT_FOUND,
    StatusCode.ALREADY_EXISTS,
    StatusCode.FAILED_PRECONDITION,
    StatusCode.UNKNOWN,  # from runtimes, of one that has ended just now
}


class Impatient:
    """Runs one container again and again, and gives up most of its calls."""

    def __init__(self, containers: Containers, name: str, seed: int) -> None:
        self._containers, self._name = containers, name
        self._chance = random.Random(seed)  # noqa: S311  # no secret
        self.wrong: list[str] = []
        self.refused: list[str] = []
        self._lives = 0

    async def _call(self, method: str, request: Any, seconds: float) -> Any:
        call = getattr(self._containers.tasks, method)
        return await call(request, metadata=self._containers.client.metadata, timeout=seconds)

    async def _try(self, method: str, request: Any) -> None:
        """Calls it, and gives it up at some moment, or never."""
        seconds = self._chance.choice((0.001, 0.01, 0.05, 0.2, 20.0)) * self._chance.uniform(0.2, 1)
        try:
            await self._call(method, request, seconds)
        except aio.AioRpcError as error:
            if error.code() not in EXPECTED:
                self.wrong.append(f"{self._name}: {method}: {error.code().name}: {error.details()}")

    async def live(self) -> None:
        """Begins and ends a task."""
        name, exec_id = self._name, self._exec_id()
        process = {**default_config(["sh", "-c", "exit 3"])["process"], "terminal": False}
        spec = AnyMessage(type_url=PROCESS, value=json.dumps(process).encode())
        await self._try("Create", tasks.CreateTaskRequest(container_id=name))
        await self._try("Start", tasks.StartRequest(container_id=name))
        await self._try("Exec", tasks.ExecProcessRequest(container_id=name, exec_id=exec_id, spec=spec))
        await self._try("Start", tasks.StartRequest(container_id=name, exec_id=exec_id))
        await self._try("Wait", tasks.WaitRequest(container_id=name, exec_id=exec_id))
        await self._try("DeleteProcess", tasks.DeleteProcessRequest(container_id=name, exec_id=exec_id))
        if self._containers.peer.kind.runtime != RUNC:  # its shim hangs if it is paused while an exec starts
            await self._try("Pause", tasks.PauseTaskRequest(container_id=name))
            await self._try("Resume", tasks.ResumeTaskRequest(container_id=name))
        await self._try("Kill", tasks.KillRequest(container_id=name, signal=9))
        await asyncio.gather(*(self._try("Delete", tasks.DeleteTaskRequest(container_id=name)) for _ in "ab"))

    def _exec_id(self) -> str:
        """Of the next process: the same again, but that containerd's shim panics where a failed start is repeated."""
        self._lives += 1
        return f"e{self._lives}" if self._containers.peer.kind.runtime == RUNC else "e1"

    async def end(self) -> None:
        """Nothing of it is left, by calls that are not given up; then it lives once more as any other."""
        await self._make_anew()
        await self._remove()
        await self._make_anew()
        await self._call("Start", tasks.StartRequest(container_id=self._name), SECONDS)
        await self._remove()

    async def _make_anew(self) -> None:
        """Makes the task, once all is undone that was given up."""
        deadline = time.monotonic() + SECONDS
        while not await self._made():
            assert time.monotonic() < deadline, self.refused[-5:]
            await self._remove()

    async def _made(self) -> bool:
        try:
            await self._call("Create", tasks.CreateTaskRequest(container_id=self._name), SECONDS)
        except aio.AioRpcError as error:
            if error.code() is not StatusCode.ALREADY_EXISTS:
                raise
            self.refused.append(f"Create: {error.details()}")
            return False
        return True

    async def _remove(self) -> None:
        name = self._name
        requests = (
            ("Resume", tasks.ResumeTaskRequest(container_id=name)),
            ("Kill", tasks.KillRequest(container_id=name, signal=9)),
            ("Wait", tasks.WaitRequest(container_id=name)),
            ("Delete", tasks.DeleteTaskRequest(container_id=name)),
        )
        for method, request in requests:
            try:
                await self._call(method, request, SECONDS)
            except aio.AioRpcError as error:  # it is not there, or in another state
                self.refused.append(f"{method}: {error.code().name}: {error.details()}")


def test_what_clients_give_up_leaves_nothing(containers: Containers) -> None:
    warm = containers.run("true")
    containers.wait(warm)
    containers.delete(warm)
    before = _descriptors(containers)
    made = [containers.make("sleep", "1000") for _ in range(WORKERS)]
    workers = [Impatient(containers, name, SEED + number) for number, name in enumerate(made)]

    async def work() -> None:
        for _ in range(LIVES):
            await asyncio.gather(*(worker.live() for worker in workers))
        await asyncio.gather(*(worker.end() for worker in workers))

    containers.client.run(work())
    assert [line for worker in workers for line in worker.wrong] == []
    assert containers.left() == []
    assert list(containers.all()) == []
    assert [path.read_bytes() for path in _processes(containers) if not ends(int(path.parent.name))] == []
    assert len(_descriptors(containers)) <= len(before), (before, _descriptors(containers))


def _descriptors(containers: Containers) -> list[str]:
    """What the manager has open, but for its threads' connections to the database."""
    links = []
    for path in Path(f"/proc/{containers.peer.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(os.readlink(path))
    return sorted(link for link in links if "metadata.db" not in link)


def _processes(containers: Containers) -> Iterator[Path]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if containers.namespace.encode() in path.read_bytes():
                yield path
