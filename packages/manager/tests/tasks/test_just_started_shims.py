"""A manager is killed when it has just started a shim, and has not asked for its task: the next one ends the shim."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode, aio
from packages.manager.tests.tasks.shims import ends

if TYPE_CHECKING:
    from pathlib import Path

    from packages.manager.tests.tasks.containers import Containers

pytestmark = [
    pytest.mark.requires("root", "containerd", "runc"),
    pytest.mark.parametrize("peer", ["tiffin-runc"], indirect=True),
]
PROGRAM = "containerd-shim-runc-v2"


def start_shim(containers: Containers, name: str) -> int:
    """Starts the shim of a container in its bundle, where it writes its address; its pid."""
    bundle, socket = bundle_of(containers, name), containers.peer.address
    (bundle / "rootfs").mkdir(parents=True)
    (bundle / "shim-binary-path").write_text(shutil.which(PROGRAM) or "")
    (bundle / "config.json").write_text("{}")
    os.mkfifo(bundle / "log")
    flags = ["-namespace", containers.namespace, "-id", name, "-address", socket, "-publish-binary", "true"]
    subprocess.run(
        [PROGRAM, *flags, "start"],
        cwd=bundle,
        env={**os.environ, "TTRPC_ADDRESS": f"{socket}.ttrpc"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return next(int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if works_in(pid, bundle))


def works_in(pid: str, folder: Path) -> bool:
    """Whether it is the process's folder."""
    with suppress(OSError):  # it has ended
        return os.readlink(f"/proc/{pid}/cwd") == str(folder)
    return False


def bundle_of(containers: Containers, name: str) -> Path:
    """Its folder."""
    return containers.peer.bundles / containers.namespace / name


def try_to_create(containers: Containers, name: str) -> StatusCode | None:
    """Makes its task; what it is refused with, if it is."""
    try:
        containers.create(name)
    except aio.AioRpcError as error:
        return error.code()
    return None


def check_free(containers: Containers, name: str) -> None:
    """Nothing has its name any more, once what was left of it is removed: until then it is refused."""
    while (refused := try_to_create(containers, name)) is not None:
        assert refused is StatusCode.UNAVAILABLE
    containers.start(name)
    assert containers.wait(name).exit_status == 0


def test_one_whose_log_nobody_reads(containers: Containers) -> None:
    name, lives = containers.make("true"), containers.run("sleep", "1000")
    containers.disconnect()
    containers.peer.end(signal.SIGKILL)
    shim = start_shim(containers, name)  # which waits for a reader before it answers
    containers.peer.start()
    containers.connect()
    assert [each.id for each in containers.all()] == [lives]
    assert ends(shim)
    check_free(containers, name)


def test_one_that_answers_late(containers: Containers) -> None:
    name, lives = containers.make("true"), containers.run("sleep", "1000")
    containers.disconnect()
    containers.peer.end(signal.SIGKILL)
    shim = start_shim(containers, name)
    os.kill(shim, signal.SIGSTOP)
    try:
        containers.peer.start()
        containers.connect()
        assert {each.id: containers.status(each.id) for each in containers.all()} == {
            name: "UNKNOWN",
            lives: "RUNNING",
        }
        told = containers.events()
    finally:
        os.kill(shim, signal.SIGCONT)
    told.until("/tasks/delete")
    told.close()
    assert [each.id for each in containers.all()] == [lives]
    assert ends(shim)
    check_free(containers, name)
