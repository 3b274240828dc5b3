"""NOTIFY_SOCKET: what the container tells systemd is passed on, and systemd is told whom to watch."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import Make

from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")

READY = """
import os, socket
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
    client.connect(os.environ["NOTIFY_SOCKET"])
    client.send(b"STATUS=soon")
    client.send(b"READY=1")
import time
time.sleep(1000)
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[socket.socket]:
    """Stands for systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify.sock"))
        server.settimeout(20)
        yield server


def environment(host: socket.socket) -> dict[str, str]:
    return {**os.environ, "NOTIFY_SOCKET": host.getsockname()}


def ready_bundle(make: Make) -> Bundle:
    """A container with the host's Python: busybox has no client for datagrams."""
    folders = [folder for folder in ("/usr", "/lib", "/lib64") if Path(folder).exists()]
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
        *({"destination": folder, "source": folder, "options": ["rbind", "ro"]} for folder in folders),
    ]
    return make({"mounts": mounts}, args=["/usr/bin/python3", "-I", "-S", "-c", READY])


def told(host: socket.socket) -> list[str]:
    return [host.recv(4096).decode().strip() for _ in range(2)]


def test_start_waits_until_the_container_is_ready(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, host: socket.socket
) -> None:
    bundle = ready_bundle(bundle_factory)
    runtime_under_test.create(container_id, bundle, env=environment(host)).must_succeed()
    try:
        pid = runtime_under_test.state(container_id)["pid"]
        runtime_under_test.call("start", container_id, env=environment(host)).must_succeed()
        assert told(host) == ["READY=1", f"MAINPID={pid}"]
    finally:
        runtime_under_test.delete(container_id, force=True).must_succeed()


def test_run_detached_waits_too(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, host: socket.socket
) -> None:
    bundle = ready_bundle(bundle_factory)
    runtime_under_test.run(container_id, bundle, "--detach", env=environment(host)).must_succeed()
    try:
        assert told(host) == ["READY=1", f"MAINPID={runtime_under_test.state(container_id)['pid']}"]
    finally:
        runtime_under_test.delete(container_id, force=True).must_succeed()


def test_in_the_foreground_systemd_watches_the_runtime(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, host: socket.socket
) -> None:
    bundle = ready_bundle(bundle_factory)
    command = [
        *runtime_under_test.command,
        "--root",
        str(runtime_under_test.root),
        "run",
        "-b",
        str(bundle.path),
    ]
    with subprocess.Popen([*command, container_id], env=environment(host)) as foreground:
        assert told(host) == ["READY=1", f"MAINPID={foreground.pid}"]
        runtime_under_test.kill(container_id).must_succeed()
        assert foreground.wait(20) == 137


def test_a_container_that_ends_before_it_is_ready_does_not_hold_start_up(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, host: socket.socket
) -> None:
    if runtime_under_test.name == "runc":
        pytest.skip("it takes a process that nobody has reaped yet for one that runs")
    bundle = bundle_factory(args=["true"])
    runtime_under_test.create(container_id, bundle, env=environment(host)).must_succeed()
    try:
        runtime_under_test.call("start", container_id, env=environment(host)).must_succeed()
    finally:
        runtime_under_test.delete(container_id, force=True).must_succeed()
