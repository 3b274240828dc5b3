"""A container and its task in containerd, made and unmade by our messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as containers
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.containerd.services.tasks.v1.tasks_pb2_grpc import TasksStub
from tiffin.api.containerd.types.mount_pb2 import Mount
from tiffin.api.typeurl import pack
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message
    from packages.api.tests.peers.client import Client

SPEC = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
PROCESS = "types.containerd.io/opencontainers/runtime-spec/1/Process"
RUNTIME = "io.containerd.runc.v2"
NAME = "ours"
SIGKILL = 9
KILLED = 128 + SIGKILL


def as_json(type_url: str, tree: object) -> Any:
    """What of the OCI specs containerd sends in an Any: JSON."""
    return Any(type_url=type_url, value=json.dumps(tree).encode())


@contextmanager
def a_container(client: Client, options: Message, spec: object) -> Iterator[containers.Container]:
    """A container that containerd knows of; it has no task."""
    stub = ContainersStub(client.channel)
    asked = containers.Container(
        id=NAME,
        image="none:1",
        labels={"color": "blue"},
        runtime=containers.Container.Runtime(name=RUNTIME, options=pack(options)),
        spec=as_json(SPEC, spec),
    )
    yield client.call(stub.Create, containers.CreateContainerRequest(container=asked)).container
    client.call(stub.Delete, containers.DeleteContainerRequest(id=NAME))


@contextmanager
def a_task(client: Client, container: containers.Container, folder: Path) -> Iterator[int]:
    """The pid of a task that was made, and not started; it is killed in the end."""
    stub = TasksStub(client.channel)
    rootfs = Mount(type="bind", source=str(make_rootfs(folder / "rootfs")), options=["rbind", "rw"])
    asked = tasks.CreateTaskRequest(
        container_id=container.id,
        rootfs=[rootfs],
        stdout=f"file://{folder}/out",
        stderr=f"file://{folder}/err",  # the shim crashes if there is but one of them
        options=container.runtime.options,
    )
    yield client.call(stub.Create, asked).pid
    client.call(stub.Kill, tasks.KillRequest(container_id=NAME, signal=SIGKILL, all=True))
    ended = client.call(stub.Wait, tasks.WaitRequest(container_id=NAME))
    deleted = client.call(stub.Delete, tasks.DeleteTaskRequest(container_id=NAME))
    assert (ended.exit_status, deleted.exit_status) == (KILLED, KILLED)


def start(client: Client, exec_id: str = "") -> int:
    """Starts the task, or a process that was added to it; the pid."""
    asked = tasks.StartRequest(container_id=NAME, exec_id=exec_id)
    return client.call(TasksStub(client.channel).Start, asked).pid
