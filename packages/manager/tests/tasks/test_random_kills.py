"""The manager is killed with -9 at random moments of a load: every task is whole or gone afterwards."""

from __future__ import annotations

import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode, aio
from packages.manager.tests.client import Client
from packages.manager.tests.tasks.peers import OURS, RUNC
from packages.manager.tests.tasks.shims import ends

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.containerd.services.tasks.v1.tasks_pb2_grpc import TasksStub

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers

pytestmark = [
    pytest.mark.requires("root", "containerd", "runc"),
    pytest.mark.parametrize("peer", OURS, indirect=True),
]
WORKERS, KILLS, SEED = 4, 6, 20261127
SECONDS = 60.0
GONE = (StatusCode.UNAVAILABLE, StatusCode.CANCELLED)


class Worker(threading.Thread):
    """Runs one container after the other to its end, whatever happens to the manager."""

    def __init__(self, containers: Containers, name: str, status: int) -> None:
        super().__init__()
        self._containers, self._name, self._status = containers, name, status
        # containerd's shim gives up a start whose caller has gone, and then the first process ends with 1
        self._given_up = 1 if containers.peer.kind.runtime == RUNC else status
        self.lives = 0
        self.wrong: list[str] = []
        self.end = threading.Event()

    def run(self) -> None:
        while not self.end.is_set():
            with (
                suppress(aio.AioRpcError, OSError),
                Client(self._containers.peer.address, self._containers.namespace) as client,
            ):
                self._live(client, client.stub(TasksStub))

    def _live(self, client: Client, stub: TasksStub) -> None:
        while not self.end.is_set():
            name = self._name
            try:
                self._ensure(client, stub)
                ended = client.call(stub.Wait, tasks.WaitRequest(container_id=name))
                if ended.exit_status not in (self._status, self._given_up):
                    self.wrong.append(f"{name} ended with {ended.exit_status}, not {self._status}")
                client.call(stub.Delete, tasks.DeleteTaskRequest(container_id=name))
                self.lives += 1
            except aio.AioRpcError as error:
                if error.code() in GONE:
                    raise
                if error.code() not in (StatusCode.NOT_FOUND, StatusCode.FAILED_PRECONDITION):
                    self.wrong.append(f"{name}: {error.code().name}: {error.details()}")

    def _ensure(self, client: Client, stub: TasksStub) -> None:
        """There is a task, and it has been started."""
        name = self._name
        try:
            client.call(stub.Create, tasks.CreateTaskRequest(container_id=name))
        except aio.AioRpcError as error:
            if error.code() is not StatusCode.ALREADY_EXISTS:
                raise
        with suppress(_Started):
            try:
                client.call(stub.Start, tasks.StartRequest(container_id=name))
            except aio.AioRpcError as error:
                if error.code() in GONE or error.code() is StatusCode.NOT_FOUND:
                    raise
                raise _Started from error  # by a life before the kill


class _Started(Exception):
    """It runs, or has ended."""


def test_the_manager_is_killed_again_and_again(containers: Containers) -> None:
    chance = random.Random(SEED)  # noqa: S311  # no secret
    workers = [
        Worker(containers, containers.make("sh", "-c", f"exit {number + 1}"), number + 1)
        for number in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.2, 0.9))  # the moment is what is random
            containers.peer.end(signal.SIGKILL)
            containers.peer.start()
        time.sleep(1)
    finally:
        for worker in workers:
            worker.end.set()
        joined(workers)
    containers.disconnect()
    containers.connect()
    assert [line for worker in workers for line in worker.wrong] == []
    assert all(worker.lives for worker in workers)
    listed = agreed(containers)
    stray = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _of(path, containers.namespace)]
    alive = [path for path in stray if not ends(int(path.parent.name), 0 if listed else 60)]
    assert len(alive) <= 2 * len(listed), [path.read_bytes() for path in alive]


def joined(workers: list[Worker]) -> None:
    """They have ended."""
    for worker in workers:
        worker.join(60)
    assert not any(worker.is_alive() for worker in workers)


def agreed(containers: Containers) -> set[str]:
    """Tasks that are listed, once they are those that have a bundle.

    What did not answer in time after the last kill is taken back, or removed, later; nobody tells of that.
    """
    deadline = time.monotonic() + SECONDS
    while True:
        left, listed = set(containers.left()), {each.id for each in containers.all()}
        if left == listed == set(containers.left()):
            return listed
        assert time.monotonic() < deadline, (left, listed)
        time.sleep(0.1)


def _of(path: Path, namespace: str) -> bool:
    with suppress(OSError):
        return namespace.encode() in path.read_bytes()
    return False
