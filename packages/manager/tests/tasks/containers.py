"""`Containers`: a client of one manager in a namespace of a test's own, with what tests do to tasks in few words."""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf.any_pb2 import Any as AnyMessage
from grpc import aio
from packages.manager.tests.client import Client
from packages.manager.tests.tasks.listening import Events

from tiffin.api.containerd.services.containers.v1.containers_pb2 import (
    Container,
    CreateContainerRequest,
    DeleteContainerRequest,
)
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.namespaces.v1.namespace_pb2 import (
    CreateNamespaceRequest,
    DeleteNamespaceRequest,
    Namespace,
)
from tiffin.api.containerd.services.namespaces.v1.namespace_pb2_grpc import NamespacesStub
from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.containerd.services.tasks.v1.tasks_pb2_grpc import TasksStub
from tiffin.api.containerd.types.task.task_pb2 import Status
from tiffin_testing.bundle import default_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.manager.tests.tasks.peers import Peer

    from tiffin.api.containerd.types.task.task_pb2 import Process
    from tiffin_testing.cgroups import CgroupParent

SPEC = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
RUNC_STATE = Path("/run/containerd/runc")  # where runc's shim has a folder for each namespace, and leaves it
PROCESS = "types.containerd.io/opencontainers/runtime-spec/1/Process"


class Containers:
    """Makes containers and their tasks, and removes them at the end. rootfs: of all of them."""

    def __init__(self, peer: Peer, rootfs: Path, cgroups: CgroupParent) -> None:
        self.peer = peer
        self.namespace = f"test-{uuid.uuid4().hex[:8]}"
        self._rootfs, self._cgroups = rootfs, cgroups
        self._made: list[str] = []
        self._open: list[int] = []
        self.connect()
        named = CreateNamespaceRequest(namespace=Namespace(name=self.namespace))
        self.client.call(self.client.stub(NamespacesStub).Create, named)

    def connect(self) -> None:
        """Connects to the manager, or once more after it has been started again."""
        self.client = Client(self.peer.address, self.namespace)
        self.tasks = self.client.stub(TasksStub)
        self.containers = self.client.stub(ContainersStub)

    def spec(self, *args: str, **changes: Any) -> dict[str, Any]:
        """An OCI config. changes: of its parts, merged at the first level."""
        config = default_config(args)
        config["root"] = {"path": str(self._rootfs), "readonly": True}
        for name, value in changes.items():
            config[name] = {**config.get(name, {}), **value} if isinstance(value, dict) else value
        return config

    def make(self, *args: str, runtime: str = "", spec: bytes | None = None, **changes: Any) -> str:
        """A container that will run a command; its id."""
        name = f"c{uuid.uuid4().hex[:8]}"
        config = self.spec(*args, **changes)
        config["linux"]["cgroupsPath"] = self._cgroups.path_for(name)
        value = json.dumps(config).encode() if spec is None else spec
        container = Container(
            id=name,
            spec=AnyMessage(type_url=SPEC, value=value),
            runtime=Container.Runtime(name=runtime or self.peer.kind.runtime),
        )
        self.client.call(self.containers.Create, CreateContainerRequest(container=container))
        self._made.append(name)
        return name

    def create(self, container: str, **fields: Any) -> int:
        """Makes its task; the pid."""
        request = tasks.CreateTaskRequest(container_id=container, **fields)
        return self.client.call(self.tasks.Create, request).pid

    def start(self, container: str, exec_id: str = "") -> int:
        """Lets a process run; the pid."""
        request = tasks.StartRequest(container_id=container, exec_id=exec_id)
        return self.client.call(self.tasks.Start, request).pid

    def run(self, *args: str, **changes: Any) -> str:
        """A container whose task runs; its id."""
        name = self.make(*args, **changes)
        self.create(name)
        self.start(name)
        return name

    def run_and_listen(self, *args: str, **changes: Any) -> tuple[str, Events]:
        """The same, and what happens from then on: a shim may tell of its start later than it answers."""
        told = self.events()
        name = self.run(*args, **changes)
        told.until("/tasks/start")
        return name, told

    def run_script(self, script: str, folder: Path) -> str:
        """A container of a shell script that says when it is ready, by `echo ready`; returns then."""
        name, fifo = self.make("sh", "-c", script), folder / f"fifo-{uuid.uuid4().hex[:8]}"
        os.mkfifo(fifo)
        descriptor = os.open(fifo, os.O_RDWR)  # it has a reader, whoever comes first
        self._open.append(descriptor)
        self.create(name, stdout=str(fifo), stderr=str(fifo))
        self.start(name)
        assert os.read(descriptor, 100) == b"ready\n"
        return name

    def execute(self, container: str, exec_id: str, *args: str, **fields: Any) -> None:
        """Adds a process."""
        process = {**default_config(args)["process"], "terminal": fields.get("terminal", False)}
        spec = AnyMessage(type_url=PROCESS, value=json.dumps(process).encode())
        request = tasks.ExecProcessRequest(container_id=container, exec_id=exec_id, spec=spec, **fields)
        self.client.call(self.tasks.Exec, request)

    def kill(self, container: str, signal: int = 9, exec_id: str = "", *, everything: bool = False) -> None:
        """Sends a signal."""
        request = tasks.KillRequest(container_id=container, signal=signal, exec_id=exec_id, all=everything)
        self.client.call(self.tasks.Kill, request)

    def wait(self, container: str, exec_id: str = "") -> tasks.WaitResponse:
        """Until a process has ended."""
        return self.client.call(self.tasks.Wait, tasks.WaitRequest(container_id=container, exec_id=exec_id))

    def delete(self, container: str) -> tasks.DeleteResponse:
        """Removes a task."""
        return self.client.call(self.tasks.Delete, tasks.DeleteTaskRequest(container_id=container))

    def get(self, container: str, exec_id: str = "") -> Process:
        """How a process is."""
        request = tasks.GetRequest(container_id=container, exec_id=exec_id)
        return self.client.call(self.tasks.Get, request).process

    def status(self, container: str, exec_id: str = "") -> str:
        """The same in a word."""
        return Status.Name(self.get(container, exec_id).status)

    def all(self) -> Sequence[Process]:
        """All tasks."""
        return self.client.call(self.tasks.List, tasks.ListTasksRequest()).tasks

    def events(self, *filters: str) -> Events:
        """What happens from now on, in this namespace."""
        return Events(self.client, filters or (f"namespace=={self.namespace}",))

    def left(self) -> list[str]:
        """Bundles that are there."""
        folder = self.peer.bundles / self.namespace
        return sorted(os.listdir(folder)) if folder.exists() else []

    def end(self) -> None:
        """Removes everything that was made."""
        for name in self._made:
            with suppress(aio.AioRpcError):  # it is gone already, or has ended
                self.kill(name)
            with suppress(aio.AioRpcError):
                self.wait(name)
            with suppress(aio.AioRpcError):
                self.delete(name)
            self.client.call(self.containers.Delete, DeleteContainerRequest(id=name))
        for descriptor in self._open:
            os.close(descriptor)
        named = DeleteNamespaceRequest(name=self.namespace)
        self.client.call(self.client.stub(NamespacesStub).Delete, named)
        self.disconnect()
        with suppress(OSError):  # runc's shim was not used, or was killed
            (RUNC_STATE / self.namespace).rmdir()

    def disconnect(self) -> None:
        """Closes the connection."""
        self.client.__exit__()
