"""Daemons of Debian's packages, run by a test for itself: every path, socket and cgroup is its own.

Each says by sd_notify(3) when it is ready, so nothing here polls or sleeps.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 60.0  # seconds, for one call of a client, and for a daemon to be ready


class NotReady(AssertionError):
    """A daemon ended, or said nothing in time; the text holds the end of its log."""


@contextmanager
def daemon(argv: Sequence[str], folder: Path) -> Iterator[None]:
    """Runs a daemon until the block ends, from the moment that it says READY=1."""
    log = folder / "daemon.log"
    ready = folder / "notify"
    ready.unlink(missing_ok=True)  # of the daemon before
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
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT)


@dataclass(frozen=True)
class Client:
    """A command line that talks to a peer: its leading arguments, and its environment."""

    argv: tuple[str, ...]
    environment: dict[str, str]

    def __call__(self, *arguments: str, status: int = 0, stdin: str = "") -> str:
        """Runs one command; returns stdout and stderr together. Fails if the exit status is another."""
        done = subprocess.run(
            [*self.argv, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=TIMEOUT, check=False, env={**os.environ, **self.environment},
        )  # fmt: skip
        assert done.returncode == status, (
            f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}"
        )
        return done.stdout.strip()


def podman_client(runtime: Path, folder: Path) -> Client:
    """podman with storage of its own; limits that this kind of machine may not raise are lowered by the callers."""
    argv = (
        "podman", "--root", f"{folder}/root", "--runroot", f"{folder}/runroot", "--tmpdir", f"{folder}/tmp",
        "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "file",
        "--runtime", str(runtime),
    )  # fmt: skip
    return Client(argv, {"TMPDIR": str(folder)})


@contextmanager
def containerd_client(folder: Path) -> Iterator[Client]:
    """A containerd without its CRI plugin, and `ctr` for it."""
    address = folder / "containerd.sock"
    (folder / "config.toml").write_text(
        f"""version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{address}"
[ttrpc]
  address = "{address}.ttrpc"
"""
    )
    with daemon(["containerd", "--config", str(folder / "config.toml")], folder):
        yield Client(("ctr", "--address", str(address)), {})


@contextmanager
def dockerd_client(runtime: Path, folder: Path, cgroup: str) -> Iterator[Client]:
    """A dockerd that makes no bridge and no firewall rule, with our runtime under the name `subject`."""
    address = f"unix://{folder}/docker.sock"
    (folder / "daemon.json").write_text("{}")
    argv = [
        "dockerd", "--config-file", f"{folder}/daemon.json", "--data-root", f"{folder}/data",
        "--exec-root", f"{folder}/exec",
        "--host", address, "--pidfile", f"{folder}/docker.pid", "--bridge=none", "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false", "--ip-masq=false", "--storage-driver", "vfs", "--cgroup-parent", cgroup,
        "--exec-opt", "native.cgroupdriver=cgroupfs", "--add-runtime", f"subject={runtime}",
    ]  # fmt: skip
    with daemon(argv, folder):
        yield Client(("docker",), {"DOCKER_HOST": address, "DOCKER_CONFIG": str(folder / "client")})
