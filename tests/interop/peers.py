"""The callers of Debian's packages, each with storage, sockets, configuration and cgroups of the test's own.

A daemon says by sd_notify(3) when it is ready, so nothing here polls or sleeps.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.interop.client import TIMEOUT, Client

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# for podman and buildah: podman asks a runtime for JSON only if it stands in the list, and the default limits are
# more than this kind of machine lets root set
CONTAINERS_CONF = """[containers]
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime_supports_json = ["runc", "tiffin-runtime"]
"""
CONTAINERD_CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{folder}/containerd.sock"
[ttrpc]
  address = "{folder}/containerd.sock.ttrpc"
"""

PRIVATE_MOUNTS = ("unshare", "--mount", "--propagation", "slave")
TIFFIND_CONFIG = """version = 3
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{folder}/tiffind.sock"
"""


class NotReady(AssertionError):
    """A daemon ended, or said nothing in time; the text holds the end of its log."""


@contextmanager
def daemon(argv: Sequence[str], folder: Path) -> Iterator[int]:
    """Runs a daemon until the block ends, from the moment that it says READY=1; its pid."""
    log = folder / "daemon.log"
    ready = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, log.open("wb") as stream:
        notify.bind(str(ready))
        notify.settimeout(TIMEOUT)
        environment = {**os.environ, "NOTIFY_SOCKET": str(ready)}
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment
        )
        try:
            try:
                while b"READY=1" not in notify.recv(4096):
                    pass
            except TimeoutError:
                raise NotReady(f"{argv[0]} is not ready:\n{log.read_text()[-3000:]}") from None
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT)


def podman_client(runtime: Path, folder: Path) -> Client:
    """podman, which is its own daemon. The runtime has its usual state directory: conmon's clean-up knows no other.

    Its working directory is the folder, since conmon leaves a file `oom` there.
    """
    (folder / "containers.conf").write_text(CONTAINERS_CONF)
    argv = (
        "podman", "--root", f"{folder}/root", "--runroot", f"{folder}/runroot", "--tmpdir", f"{folder}/tmp",
        "--storage-driver", "vfs", "--runtime", str(runtime),
    )  # fmt: skip
    return Client(argv, {"TMPDIR": str(folder), "CONTAINERS_CONF": f"{folder}/containers.conf"}, folder)


def buildah_client(runtime: Path, folder: Path) -> Client:
    """buildah, whose steps are run by the runtime."""
    (folder / "containers.conf").write_text(CONTAINERS_CONF)
    argv = (
        "buildah",
        "--root",
        f"{folder}/root",
        "--runroot",
        f"{folder}/runroot",
        "--storage-driver",
        "vfs",
    )
    environment = {
        "BUILDAH_RUNTIME": str(runtime), "BUILDAH_ISOLATION": "oci", "TMPDIR": str(folder),
        "CONTAINERS_CONF": f"{folder}/containers.conf",
    }  # fmt: skip
    return Client(argv, environment)


@contextmanager
def containerd_client(folder: Path) -> Iterator[Client]:
    """A containerd without its CRI plugin, and `ctr` for it."""
    config = folder / "config.toml"
    config.write_text(CONTAINERD_CONFIG.format(folder=folder))
    with daemon(["containerd", "--config", str(config)], folder):
        yield Client(("ctr", "--address", f"{folder}/containerd.sock"))


class Manager(NamedTuple):
    """A manager that dockerd does not start. address: of its socket. pid: it has a mount namespace of its own."""

    address: str
    pid: int


@contextmanager
def tiffind(folder: Path, config: str) -> Iterator[Manager]:
    """Our manager. config: what stands in its file beside root, state and addresses."""
    folder.mkdir()
    (folder / "config.toml").write_text(TIFFIND_CONFIG.format(folder=folder) + config)
    program = str(Path(sys.executable).with_name("tiffind"))
    with daemon([*PRIVATE_MOUNTS, program, "--config", f"{folder}/config.toml"], folder) as pid:
        yield Manager(f"{folder}/tiffind.sock", pid)


@contextmanager
def dockerd_client(
    runtime: Path, folder: Path, cgroup: str, *, manager: Manager | None = None
) -> Iterator[Client]:
    """A dockerd that makes no bridge and no firewall rule, with the runtime under the name `subject`.

    Its mount namespace is private: it leaves a mount for the host's network namespace behind.

    Args:
        manager: what it uses, in whose mount namespace it is then; without one it starts a containerd.
    """
    address = f"unix://{folder}/docker.sock"
    (folder / "daemon.json").write_text("{}")
    argv = [
        *(["nsenter", f"--mount=/proc/{manager.pid}/ns/mnt"] if manager else PRIVATE_MOUNTS),
        "dockerd", "--config-file", f"{folder}/daemon.json", "--data-root", f"{folder}/data",
        "--exec-root", f"{folder}/exec", "--host", address, "--pidfile", f"{folder}/docker.pid",
        "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
        "--storage-driver", "vfs", "--cgroup-parent", cgroup, "--exec-opt", "native.cgroupdriver=cgroupfs",
        "--experimental", "--add-runtime", f"subject={runtime}",
        *(["--containerd", manager.address] if manager else []),
    ]  # fmt: skip
    with daemon(argv, folder):
        yield Client(("docker",), {"DOCKER_HOST": address, "DOCKER_CONFIG": str(folder / "client")})
