"""Pods by containerd's CRI plugin: each lives in one shim; kubelet sees exits, reasons, numbers and logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import grpc
import pytest
from packages.shim.tests.interop.cri import HANDLERS, PAUSE, CriDaemon, Kubelet
from packages.shim.tests.interop.shim_process import ShimProcess, wait_until_gone
from tests.interop.image import docker_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from tiffin_testing.cgroups import CgroupParent

    Pod = tuple[str, Any]

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "busybox")

EXITED, RUNNING = 2, 1  # ContainerState
SECONDS = 60.0


@pytest.fixture(scope="module")
def cri(good_guest: None, folder: Path, archive: Path) -> Iterator[CriDaemon]:
    daemon = CriDaemon(folder)
    try:
        daemon.start()
        pause = docker_archive(folder / "rootfs.tar", folder / "pause.tar", PAUSE, ("sleep", "100000"))
        for each in (archive, pause):
            daemon.ctr("images", "import", "--snapshotter", "native", str(each))
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture
def kubelet(cri: CriDaemon, cgroup_parent: CgroupParent, tmp_path: Path) -> Iterator[Kubelet]:
    with Kubelet(cri.address, f"/{cgroup_parent.name}", tmp_path) as kubelet:
        yield kubelet


@pytest.fixture(params=HANDLERS)
def handler(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pod(kubelet: Kubelet, name: str, handler: str) -> Iterator[Pod]:
    pod = kubelet.run_pod(name, handler)
    yield pod
    kubelet.remove_pod(pod)


def test_a_pod_of_two_containers_has_one_shim(
    cri: CriDaemon, kubelet: Kubelet, name: str, handler: str
) -> None:
    pod = kubelet.run_pod(name, handler)
    containers = [kubelet.run_container(pod, each, "sleep", "1000") for each in ("one", "two")]
    shims = {ShimProcess.of(cri, each) for each in (pod[0], *containers)}
    assert len(shims) == 1
    for container in containers:
        assert kubelet.status(container).state == RUNNING
        assert kubelet.execute(container, "echo", "hi").stdout == b"hi\n"
    kubelet.remove_pod(pod)
    wait_until_gone(shims.pop().pid)


def test_containers_of_a_pod_see_each_other(kubelet: Kubelet, pod: Pod) -> None:
    one, two = (kubelet.run_container(pod, each, "sleep", f"100{each}") for each in ("1", "2"))
    seen = kubelet.execute(one, "ps").stdout.decode()
    assert "sleep 1001" in seen
    assert "sleep 1002" in seen
    kubelet.stop(two, 0)
    assert kubelet.status(one).state == RUNNING


def test_exec_has_exit_status_and_streams(kubelet: Kubelet, pod: Pod) -> None:
    container = kubelet.run_container(pod, "one", "sleep", "1000")
    done = kubelet.execute(container, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


def test_a_container_that_ends_tells_its_exit_status_and_keeps_its_log(
    kubelet: Kubelet, pod: Pod, tmp_path: Path
) -> None:
    container = kubelet.run_container(pod, "one", "sh", "-c", "echo first; echo second >&2; exit 3")
    found = ended(kubelet, container)
    assert (found.exit_code, found.reason) == (3, "Error")
    lines = [line.split(" ", 3)[1:] for line in (tmp_path / "one.log").read_text().splitlines()]
    assert sorted(lines) == [["stderr", "F", "second"], ["stdout", "F", "first"]]


@pytest.mark.requires("cgroup_v1", "cgroup_memory")
def test_one_that_had_no_memory_left_is_told_as_such(kubelet: Kubelet, pod: Pod) -> None:
    """That the event comes before the exit is what makes the reason. The real shim watches from the start's end on."""
    script = "until test -e /go; do sleep 0.01; done; dd if=/dev/zero of=/dev/null bs=256M; exit 9"
    container = kubelet.run_container(pod, "one", "sh", "-c", script, memory=64 << 20)
    assert kubelet.execute(container, "touch", "/go").exit_code == 0
    found = ended(kubelet, container)
    assert (found.exit_code, found.reason) == (9, "OOMKilled")


def test_stop_gives_time_and_kills_then(kubelet: Kubelet, pod: Pod) -> None:
    polite = kubelet.run_container(
        pod, "one", "sh", "-c", "trap 'exit 5' TERM; touch /ready; sleep 1000 & wait"
    )
    deaf = kubelet.run_container(pod, "two", "sh", "-c", "trap '' TERM; while :; do sleep 1000; done")
    assert kubelet.execute(polite, "sh", "-c", "until test -e /ready; do :; done").exit_code == 0
    kubelet.stop(polite, 30)
    kubelet.stop(deaf, 1)
    assert ended(kubelet, polite).exit_code == 5
    assert ended(kubelet, deaf).exit_code == 137


@pytest.mark.requires("cgroup_v1", "cgroup_memory")
def test_numbers_are_seen(kubelet: Kubelet, pod: Pod) -> None:
    container = kubelet.run_container(pod, "one", "sleep", "1000")
    found = kubelet.stats(container)
    assert found.memory.working_set_bytes.value > 0
    assert found.cpu.usage_core_nano_seconds.value > 0


def test_an_exec_that_hangs_is_given_up(kubelet: Kubelet, pod: Pod) -> None:
    container = kubelet.run_container(pod, "one", "sleep", "1000")
    with pytest.raises(grpc.RpcError) as caught:
        kubelet.execute(container, "sleep", "1000", seconds=1)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert kubelet.execute(container, "echo", "on").stdout == b"on\n"


def ended(kubelet: Kubelet, container: str) -> Any:
    """The status of a container that has ended. CRI 1.6 has no way to wait, kubelet asks again and again as well."""
    deadline = time.monotonic() + SECONDS
    while (found := kubelet.status(container)).state != EXITED:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
