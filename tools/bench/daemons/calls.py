"""The calls that are timed: a container's life, an exec, a list; through one channel each."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as containers
from tiffin.api.containerd.services.containers.v1.containers_services import CONTAINERS
from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.containerd.services.tasks.v1.tasks_services import TASKS
from tiffin.api.service import Service

from .daemon import Daemon

NAMESPACE = (("containerd-namespace", "bench"),)
SPEC_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
PROCESS_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Process"
PARENT = "tiffin-bench"  # of the containers' cgroups
SIGKILL = 9
UNLIMITED = [("grpc.max_receive_message_length", -1)]


def busybox_spec(folder: Path) -> dict[str, Any]:
    """runc's default config, with a busybox as its root file system."""
    rootfs = folder / "rootfs"
    (rootfs / "bin").mkdir(parents=True, exist_ok=True)
    if not (rootfs / "bin/busybox").exists():
        subprocess.run(["cp", "/bin/busybox", rootfs / "bin/busybox"], check=True)
        for applet in ("sh", "true", "sleep", "echo"):
            (rootfs / "bin" / applet).symlink_to("busybox")
    subprocess.run(["runc", "spec"], cwd=folder, check=False, capture_output=True)
    spec: dict[str, Any] = json.loads((folder / "config.json").read_text())
    spec["root"] = {"path": str(rootfs), "readonly": True}
    spec["process"]["terminal"] = False
    return spec


class Caller:
    """A client of one daemon."""

    def __init__(self, daemon: Daemon, spec: dict[str, Any]) -> None:
        self.runtime = daemon.runtime
        self._spec = spec
        self._channel = grpc.insecure_channel(daemon.address, options=UNLIMITED)
        self._containers = self._calls(CONTAINERS)
        self._tasks = self._calls(TASKS)

    def _calls(self, service: Service) -> dict[str, Callable[..., Any]]:
        """The service's calls of one answer, by name."""
        return {
            name: self._channel.unary_unary(
                f"/{service.name}/{name}",
                request_serializer=method.request.SerializeToString,
                response_deserializer=method.response.FromString,
            )
            for name, method in service.methods.items()
            if not (method.client_streaming or method.server_streaming)
        }

    def make(self, *args: str, cgroup: bool = True) -> str:
        """A container; its id."""
        name = uuid.uuid4().hex[:12]
        process = {**self._spec["process"], "args": list(args)}
        linux = {**self._spec["linux"], "cgroupsPath": f"/{PARENT}/{name}"} if cgroup else self._spec["linux"]
        spec = json.dumps({**self._spec, "process": process, "linux": linux}).encode()
        container = containers.Container(
            id=name,
            runtime=containers.Container.Runtime(name=self.runtime),
            spec=AnyMessage(type_url=SPEC_TYPE, value=spec),
        )
        self._containers["Create"](containers.CreateContainerRequest(container=container), metadata=NAMESPACE)
        return name

    def start(self, name: str) -> None:
        """Makes the task of a container, and starts it."""
        self._tasks["Create"](tasks.CreateTaskRequest(container_id=name), metadata=NAMESPACE)
        self._tasks["Start"](tasks.StartRequest(container_id=name), metadata=NAMESPACE)

    def wait(self, name: str) -> int:
        """The exit status of a task."""
        status: int = self._tasks["Wait"](
            tasks.WaitRequest(container_id=name), metadata=NAMESPACE
        ).exit_status
        return status

    def remove(self, name: str) -> None:
        """Deletes an ended task, and its container."""
        self._tasks["Delete"](tasks.DeleteTaskRequest(container_id=name), metadata=NAMESPACE)
        self.forget(name)

    def forget(self, name: str) -> None:
        """Deletes a container without a task."""
        self._containers["Delete"](containers.DeleteContainerRequest(id=name), metadata=NAMESPACE)

    def life(self) -> None:
        """A container from nothing to nothing."""
        name = self.make("true")
        self.start(name)
        if self.wait(name) != 0:
            raise RuntimeError(f"{name} failed")
        self.remove(name)

    def lives(self, count: int) -> None:
        """One after the other."""
        for _ in range(count):
            self.life()

    def kill(self, name: str) -> None:
        """Ends a running task, and removes it with its container."""
        self._tasks["Kill"](
            tasks.KillRequest(container_id=name, signal=SIGKILL, all=True), metadata=NAMESPACE
        )
        self.wait(name)
        self.remove(name)

    def execute(self, name: str) -> None:
        """A further process in a running task, to its end."""
        exec_id = uuid.uuid4().hex[:12]
        process = json.dumps({**self._spec["process"], "args": ["true"]}).encode()
        spec = AnyMessage(type_url=PROCESS_TYPE, value=process)
        self._tasks["Exec"](
            tasks.ExecProcessRequest(container_id=name, exec_id=exec_id, spec=spec), metadata=NAMESPACE
        )
        self._tasks["Start"](tasks.StartRequest(container_id=name, exec_id=exec_id), metadata=NAMESPACE)
        self._tasks["Wait"](tasks.WaitRequest(container_id=name, exec_id=exec_id), metadata=NAMESPACE)
        self._tasks["DeleteProcess"](
            tasks.DeleteProcessRequest(container_id=name, exec_id=exec_id), metadata=NAMESPACE
        )

    def list(self) -> int:
        """How many containers there are."""
        return len(
            self._containers["List"](containers.ListContainersRequest(), metadata=NAMESPACE).containers
        )

    def close(self) -> None:
        """Ends the connection, and removes the cgroup that all containers were below."""
        self._channel.close()
        for place in Path("/sys/fs/cgroup").glob(f"**/{PARENT}"):
            with suppress(OSError):  # the other daemon still has containers there
                place.rmdir()
