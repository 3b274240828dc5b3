"""containerd's own services, for what `ctr` cannot do: to create a task and not to start it, to add an exec only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.field_mask_pb2 import FieldMask

from tiffin.api.containerd.services.containers.v1 import containers_pb2
from tiffin.api.containerd.services.containers.v1.containers_services import CONTAINERS
from tiffin.api.containerd.services.snapshots.v1.snapshots_pb2 import MountsRequest
from tiffin.api.containerd.services.snapshots.v1.snapshots_services import SNAPSHOTS
from tiffin.api.containerd.services.tasks.v1 import tasks_pb2
from tiffin.api.containerd.services.tasks.v1.tasks_services import TASKS
from tiffin.api.containerd.types.runc.options.oci_pb2 import ProcessDetails
from tiffin.api.typeurl import pack

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from google.protobuf.message import Message

    from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
    from tiffin.api.service import Service

SECONDS = 60.0
RESOURCES = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources"
PROCESS = "types.containerd.io/opencontainers/runtime-spec/1/Process"


class Api:
    """Calls in one namespace; use it in a `with` statement. All raise grpc.RpcError.

    options: of the tasks that it creates.
    """

    def __init__(self, address: str, namespace: str, options: Options) -> None:
        self._channel = grpc.insecure_channel(f"unix://{address}")
        self._metadata = (("containerd-namespace", namespace),)
        self._options = options

    def create(self, container: str, *, stdout: str = "") -> int:
        """Makes the task of a container that `ctr containers create` has made; the pid of its first process."""
        found = self._container(container)
        mounts = self._call(
            SNAPSHOTS, "Mounts", MountsRequest(snapshotter=found.snapshotter, key=found.snapshot_key)
        )
        request = tasks_pb2.CreateTaskRequest(
            container_id=container,
            rootfs=mounts.mounts,
            stdout=stdout,
            stderr=stdout,
            options=pack(self._options),
        )
        return int(self._call(TASKS, "Create", request).pid)

    def change(self, container: str, alter: Callable[[dict[str, Any]], None]) -> None:
        """Alters the config.json of a container that has no task."""
        found = self._container(container)
        config = json.loads(found.spec.value)
        alter(config)
        found.spec.value = json.dumps(config).encode()
        mask = FieldMask(paths=["spec"])
        request = containers_pb2.UpdateContainerRequest(container=found, update_mask=mask)
        self._call(CONTAINERS, "Update", request)

    def start(self, container: str, process: str = "") -> int:
        request = tasks_pb2.StartRequest(container_id=container, exec_id=process)
        return int(self._call(TASKS, "Start", request).pid)

    def add(
        self,
        container: str,
        process: str,
        *arguments: str,
        stdin: str = "",
        stdout: str = "",
        terminal: bool = False,
    ) -> None:
        """Describes a further process. stdin, stdout: paths."""
        spec = {
            "args": arguments,
            "cwd": "/",
            "env": ["PATH=/bin"],
            "user": {"uid": 0, "gid": 0},
            "terminal": terminal,
        }
        packed = any_pb2.Any(type_url=PROCESS, value=json.dumps(spec).encode())
        request = tasks_pb2.ExecProcessRequest(
            container_id=container,
            exec_id=process,
            spec=packed,
            stdin=stdin,
            stdout=stdout,
            stderr="" if terminal else stdout,
            terminal=terminal,
        )
        self._call(TASKS, "Exec", request)

    def close_stdin(self, container: str, process: str = "") -> None:
        """The client has no more for it."""
        request = tasks_pb2.CloseIORequest(container_id=container, exec_id=process, stdin=True)
        self._call(TASKS, "CloseIO", request)

    def update(self, container: str, resources: dict[str, Any]) -> None:
        """Changes limits. resources: OCI's `linux.resources`."""
        packed = any_pb2.Any(type_url=RESOURCES, value=json.dumps(resources).encode())
        request = tasks_pb2.UpdateTaskRequest(container_id=container, resources=packed)
        self._call(TASKS, "Update", request)

    def pids(self, container: str) -> dict[int, str]:
        """Of a container's processes, with the exec's id where it is one."""
        found = self._call(TASKS, "ListPids", tasks_pb2.ListPidsRequest(container_id=container)).processes
        return {each.pid: ProcessDetails.FromString(each.info.value).exec_id for each in found}

    def kill(self, container: str, number: int, process: str = "", *, everything: bool = False) -> None:
        request = tasks_pb2.KillRequest(
            container_id=container, exec_id=process, signal=number, all=everything
        )
        self._call(TASKS, "Kill", request)

    def wait(self, container: str, process: str = "") -> Any:
        """Returns when the process has ended: `exit_status`, `exited_at`."""
        return self._call(TASKS, "Wait", tasks_pb2.WaitRequest(container_id=container, exec_id=process))

    def delete(self, container: str, process: str = "") -> Any:
        """`pid`, `exit_status`, `exited_at`."""
        if process:
            wanted = tasks_pb2.DeleteProcessRequest(container_id=container, exec_id=process)
            return self._call(TASKS, "DeleteProcess", wanted)
        return self._call(TASKS, "Delete", tasks_pb2.DeleteTaskRequest(container_id=container))

    def get(self, container: str, process: str = "") -> Any:
        """The state of a process."""
        return self._call(TASKS, "Get", tasks_pb2.GetRequest(container_id=container, exec_id=process)).process

    def _container(self, name: str) -> Any:
        return self._call(CONTAINERS, "Get", containers_pb2.GetContainerRequest(id=name)).container

    def _call(self, service: Service, name: str, request: Message) -> Any:
        method = service.methods[name]
        call: Any = self._channel.unary_unary(
            f"/{service.name}/{name}",
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return call(request, metadata=self._metadata, timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
