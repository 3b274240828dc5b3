"""Kubernetes' side of a containerd: its CRI plugin, asked as kubelet asks it. Pods have the host's network: no CNI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
from packages.shim.tests.interop.daemon import Daemon

from tiffin.api.cri.runtime.v1 import container_requests_pb2 as containers
from tiffin.api.cri.runtime.v1 import sandbox_requests_pb2 as sandboxes
from tiffin.api.cri.runtime.v1 import stats_pb2 as stats
from tiffin.api.cri.runtime.v1 import streaming_pb2 as streaming
from tiffin.api.cri.runtime.v1.runtime_service_services import RUNTIME_SERVICE

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

SECONDS = 60.0
NAMESPACE = "k8s.io"
IMAGE, PAUSE = "docker.io/library/busybox:test", "docker.io/library/pause:test"
POD, CONTAINER, NODE = range(3)  # NamespaceMode
CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/run"
[grpc]
  address = "{folder}/containerd.sock"
[ttrpc]
  address = "{folder}/containerd.sock.ttrpc"
[plugins."io.containerd.gc.v1.scheduler"]
  schedule_delay = "24h"
  startup_delay = "24h"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{folder}/cni"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tiffin]
    runtime_type = "io.containerd.tiffin.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tiffin-runc]
    runtime_type = "io.containerd.tiffin.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tiffin-runc.options]
      ConfigPath = "{folder}/options.toml"
"""
HANDLERS = ("runc", "tiffin", "tiffin-runc")


class CriDaemon(Daemon):
    """A containerd with its CRI plugin, and three runtime handlers."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, NAMESPACE)
        (folder / "cni").mkdir()
        (folder / "options.toml").write_text('BinaryName = "runc"\n')
        (folder / "config.toml").write_text(CONFIG.format(folder=folder, pause=PAUSE))


class Kubelet:
    """Asks the CRI plugin; use it in a `with` statement. All raise grpc.RpcError.

    cgroup: parent of the pods'. logs: folder of the pods' logs.
    """

    def __init__(self, address: str, cgroup: str, logs: Path) -> None:
        self._channel = grpc.insecure_channel(f"unix://{address}")
        self._cgroup = cgroup
        self._logs = logs

    def run_pod(self, name: str, handler: str) -> tuple[str, Any]:
        """A pod without containers; its id, and its config for those that come."""
        config = {
            "metadata": {"name": name, "uid": name, "namespace": "default", "attempt": 0},
            "log_directory": str(self._logs),
            "linux": {
                "cgroup_parent": self._cgroup,
                "security_context": {"namespace_options": {"network": NODE, "pid": POD}},
            },
        }
        request = sandboxes.RunPodSandboxRequest(config=config, runtime_handler=handler)
        return self._call("RunPodSandbox", request).pod_sandbox_id, request.config

    def run_container(self, pod: tuple[str, Any], name: str, *command: str, memory: int = 0) -> str:
        """A container that runs; its log is NAME.log. memory: bytes, 0 for no limit."""
        config = {
            "metadata": {"name": name, "attempt": 0},
            "image": {"image": IMAGE},
            "command": command,
            "log_path": f"{name}.log",
            "linux": {
                "resources": {"memory_limit_in_bytes": memory},
                "security_context": {"namespace_options": pod[1].linux.security_context.namespace_options},
            },
        }
        request = containers.CreateContainerRequest(
            pod_sandbox_id=pod[0], config=config, sandbox_config=pod[1]
        )
        container = str(self._call("CreateContainer", request).container_id)
        self._call("StartContainer", containers.StartContainerRequest(container_id=container))
        return container

    def execute(self, container: str, *command: str, seconds: int = 20) -> Any:
        """Answers `exit_code`, `stdout`, `stderr`."""
        request = streaming.ExecSyncRequest(container_id=container, cmd=command, timeout=seconds)
        return self._call("ExecSync", request)

    def status(self, container: str) -> Any:
        request = containers.ContainerStatusRequest(container_id=container)
        return self._call("ContainerStatus", request).status

    def stats(self, container: str) -> Any:
        return self._call("ContainerStats", stats.ContainerStatsRequest(container_id=container)).stats

    def stop(self, container: str, seconds: int) -> None:
        self._call("StopContainer", containers.StopContainerRequest(container_id=container, timeout=seconds))

    def remove_pod(self, pod: tuple[str, Any]) -> None:
        """With its containers."""
        self._call("StopPodSandbox", sandboxes.StopPodSandboxRequest(pod_sandbox_id=pod[0]))
        self._call("RemovePodSandbox", sandboxes.RemovePodSandboxRequest(pod_sandbox_id=pod[0]))

    def _call(self, name: str, request: Any) -> Any:
        method = RUNTIME_SERVICE.methods[name]
        call: Any = self._channel.unary_unary(
            f"/{RUNTIME_SERVICE.name}/{name}",
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return call(request, timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()


def import_images(daemon: CriDaemon, archives: list[Path]) -> None:
    """For the plugin, which hears of images by events."""
    for archive in archives:
        daemon.ctr("images", "import", "--snapshotter", "native", str(archive))
