"""`start` prints where a shim listens, one for each group; that is a process of its own, which ends when it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.shim.tests.command import shims
from packages.shim.tests.command.shims import NAMESPACE, kill, run, start, started

from tiffin.api.containerd.runtime.bootstrap.v1.bootstrap_pb2 import BootstrapParams, BootstrapResult
from tiffin.api.containerd.runtime.task.v3 import shim_pb2
from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
from tiffin.api.typeurl import pack
from tiffin.ttrpc import BlockingClient, Code, RpcError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin_testing.cgroups import CgroupParent

    Make = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("subreaper")

POD = {"io.kubernetes.cri.sandbox-id": "pod"}


def test_it_serves_until_it_is_told_to_end(make_bundle: Make, folder: Path) -> None:
    bundle = make_bundle("one")
    shim = start(bundle, "one", folder)
    assert (bundle / "address").read_text() == shim.address
    assert shim.socket.parent == folder
    shim.shut_down()
    assert not shim.socket.exists()


def test_it_is_a_session_of_its_own_with_nothing_of_its_starter(make_bundle: Make, folder: Path) -> None:
    with started(make_bundle("one"), "one", folder) as shim:
        process = Path(f"/proc/{shim.pid}")
        assert os.getsid(shim.pid) == shim.pid
        assert [os.readlink(process / f"fd/{number}") for number in (0, 1)] == ["/dev/null"] * 2
        assert os.readlink(process / "fd/2").endswith("/log")
        descriptors = {os.readlink(entry) for entry in (process / "fd").iterdir()}
        assert not any(name.startswith("pipe:") for name in descriptors)


def test_it_is_killed_for_memory_before_its_containerd(make_bundle: Make, folder: Path) -> None:
    with started(make_bundle("one"), "one", folder) as shim:
        ours = int(Path("/proc/self/oom_score_adj").read_text())
        assert int(Path(f"/proc/{shim.pid}/oom_score_adj").read_text()) == min(ours + 1, 1000)


def test_containers_of_a_pod_have_one_shim(make_bundle: Make, folder: Path) -> None:
    with started(make_bundle("one", POD), "one", folder) as first:
        second = start(make_bundle("two", POD), "two", folder)
        assert (second.address, second.pid) == (first.address, first.pid)
        assert (folder / "n/two/address").read_text() == first.address
        with started(make_bundle("three"), "three", folder) as other:
            assert other.pid != first.pid


def test_the_socket_of_a_killed_one_is_taken(make_bundle: Make, folder: Path) -> None:
    bundle = make_bundle("one")
    killed = start(bundle, "one", folder)
    kill(killed.pid)
    assert killed.socket.exists()
    with started(bundle, "one", folder) as again:
        assert again.address == killed.address
        assert again.pid != killed.pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(make_bundle: Make, folder: Path, number: int) -> None:
    shim = start(make_bundle("one"), "one", folder)
    os.kill(shim.pid, number)
    assert os.waitpid(shim.pid, 0)[1] == 0
    assert not shim.socket.exists()


def test_its_log_is_the_fifo_in_the_bundle(make_bundle: Make, folder: Path) -> None:
    bundle = make_bundle("one")
    with (
        open(os.open(bundle / "log", os.O_RDONLY | os.O_NONBLOCK), encoding="utf-8") as log,
        started(bundle, "one", folder) as shim,
    ):
        text = log.read()
        assert f"pid={shim.pid}" in text
        assert 'level=info msg="serves ' in text


def test_a_log_that_nobody_reads_holds_up_nothing(make_bundle: Make, folder: Path) -> None:
    bundle = make_bundle("one")
    with started(bundle, "one", folder, "-debug") as shim:
        for _ in range(400):  # each of these lines is longer than 200 bytes, and the FIFO holds 64 KiB
            os.kill(shim.pid, signal.SIGUSR1)
        assert shims.pid_of("one", shim.address) == shim.pid


def test_stacks_are_logged_on_request(make_bundle: Make, folder: Path) -> None:
    bundle = make_bundle("one")
    with started(bundle, "one", folder) as shim:
        log = os.open(bundle / "log", os.O_RDONLY)  # waits for what comes
        try:
            os.kill(shim.pid, signal.SIGUSR1)
            text = b""
            while b"most recent call first" not in text:
                text += os.read(log, 65536)
        finally:
            os.close(log)


def test_what_a_shim_dies_of_stands_in_its_log(make_bundle: Make, folder: Path) -> None:
    bundle = make_bundle("one")
    log = os.open(bundle / "log", os.O_RDONLY | os.O_NONBLOCK)
    program = """
import os, sys
from tiffin.shim.command import serve, socket_path, start
def broken(settings, descriptor):
    raise RuntimeError("something broke")
start.serve = broken
bundle, path = sys.argv[1:]
if os.fork() == 0:
    start._become_shim(serve.ShimSettings("n", "one", bundle, "", "", path), socket_path.listen(path))
os.wait()
"""
    subprocess.run([sys.executable, "-c", program, bundle, folder / "s"], check=True, timeout=shims.SECONDS)
    with open(log, encoding="utf-8") as stream:
        assert stream.read().endswith("RuntimeError: something broke\n")


def test_without_a_reader_of_logs_it_starts_as_well(make_bundle: Make, folder: Path) -> None:
    bundle = make_bundle("one")
    (bundle / "log").unlink()
    with started(bundle, "one", folder) as shim:
        assert os.readlink(f"/proc/{shim.pid}/fd/2") == "/dev/null"


def test_an_old_containerd_gets_an_address(make_bundle: Make) -> None:
    """The socket lies in /run, where only root may make one."""
    if os.geteuid():
        pytest.skip("needs root")
    bundle = make_bundle("one")
    words = ("-namespace", NAMESPACE, "-id", "one", "-address", str(bundle), "start")
    done = run(bundle, *words)
    assert done.returncode == 0, done.stderr
    address = done.stdout.decode()
    assert address.startswith("unix:///run/containerd/s/")
    shims.Started("one", address, shims.pid_of("one", address)).shut_down()


@pytest.mark.parametrize(
    ("words", "data", "text"),
    [
        (("start",), b"", "namespace cannot be empty"),
        (("-namespace", NAMESPACE, "-id", "one", "start"), b"\xff\xff", "standard input"),
        (("-namespace", NAMESPACE, "explode"), b"", "no such action: explode"),
        (("-nonsense",), b"", "not defined: -nonsense"),
    ],
)
def test_what_is_wrong_is_told(make_bundle: Make, words: tuple[str, ...], data: bytes, text: str) -> None:
    done = run(make_bundle("one"), *words, data=data)
    assert done.returncode == 2
    assert text in done.stderr.decode()
    assert done.stdout == b""


def test_a_config_that_is_none_is_told(make_bundle: Make, folder: Path) -> None:
    bundle = make_bundle("one")
    (bundle / "config.json").write_text("{")
    words = ("-namespace", NAMESPACE, "-id", "one", "start")
    done = run(bundle, *words, data=shims.parameters("one", folder))
    assert done.returncode != 0
    assert "config.json" in done.stderr.decode()
    assert [path for path in folder.iterdir() if path.is_socket()] == []


@pytest.mark.requires("root", "cgroup_v1")
def test_it_joins_the_cgroup_that_is_asked_for(
    make_bundle: Make, folder: Path, cgroup_parent: CgroupParent
) -> None:
    path = f"/{cgroup_parent.name}/shims"
    places = [Path("/sys/fs/cgroup") / controller / path[1:] for controller in ("memory", "pids")]
    for place in places:
        place.mkdir(parents=True)
    message = BootstrapParams.FromString(shims.parameters("one", folder))
    message.extensions.add().value.CopyFrom(pack(Options(shim_cgroup=path)))
    words = ("-namespace", NAMESPACE, "-id", "one", "start")
    done = run(make_bundle("one"), *words, data=message.SerializeToString())
    assert done.returncode == 0, done.stderr
    address = BootstrapResult.FromString(done.stdout).address
    shim = shims.Started("one", address, shims.pid_of("one", address))
    lines = Path(f"/proc/{shim.pid}/cgroup").read_text().splitlines()
    joined = {line.split(":")[1] for line in lines if line.endswith(f":{path}")}
    shim.shut_down()
    for place in places:
        place.rmdir()
    assert joined == {"memory", "pids"}


def test_core_scheduling_is_had_or_refused(make_bundle: Make, folder: Path) -> None:
    """Most machines have no threads to share a core, and the kernel refuses; then the real shim refuses as well."""
    words = ("-namespace", NAMESPACE, "-id", "one", "start")
    done = run(
        make_bundle("one"), *words, data=shims.parameters("one", folder), environment={"SCHED_CORE": "1"}
    )
    if done.returncode == 0:
        address = BootstrapResult.FromString(done.stdout).address
        shims.Started("one", address, shims.pid_of("one", address)).shut_down()
    else:
        assert "enable sched core support" in done.stderr.decode()
        assert [path for path in folder.iterdir() if path.is_socket()] == []


def test_a_cgroup_that_is_not_there_is_told(make_bundle: Make, folder: Path) -> None:
    message = BootstrapParams.FromString(shims.parameters("one", folder))
    message.extensions.add().value.CopyFrom(pack(Options(shim_cgroup="/tiffin-test-nowhere")))
    words = ("-namespace", NAMESPACE, "-id", "one", "start")
    done = run(make_bundle("one"), *words, data=message.SerializeToString())
    assert done.returncode == 1
    assert "the shim's cgroup does not exist: /tiffin-test-nowhere" in done.stderr.decode()
    assert [path for path in folder.iterdir() if path.is_socket()] == []


def test_many_at_once_for_one_group_are_one(make_bundle: Make, folder: Path) -> None:
    bundles = {f"c{number}": make_bundle(f"c{number}", POD) for number in range(8)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda name: start(bundles[name], name, folder), bundles))
    assert len({shim.pid for shim in found}) == 1
    found[0].shut_down()


def test_in_the_foreground_it_serves_a_given_socket(make_bundle: Make, folder: Path) -> None:
    bundle, path = make_bundle("one"), folder / "given"
    process = subprocess.Popen(
        [shims.SHIM, "-namespace", NAMESPACE, "-id", "one", "-bundle", bundle, "-socket", path],
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        while b"serves" not in process.stderr.readline():
            assert process.poll() is None
        assert shims.pid_of("one", f"unix://{path}") == process.pid
    finally:
        process.terminate()
        process.wait(shims.SECONDS)
        process.stderr.close()
    assert not path.exists()


def test_a_container_that_is_not_there_is_not_found(make_bundle: Make, folder: Path) -> None:
    with started(make_bundle("one"), "one", folder) as shim:
        with BlockingClient(shim.address, timeout=20) as client, pytest.raises(RpcError) as caught:
            client.call(
                shims.TASK, "State", shim_pb2.StateRequest(id="one"), shim_pb2.StateResponse, timeout=20
            )
        assert caught.value.code == Code.NOT_FOUND


def test_clients_that_leave_in_every_state_of_a_frame_do_no_harm(make_bundle: Make, folder: Path) -> None:
    frame = b"\0\0\0\x10\0\0\0\x01\x01\0" + b"\x0a\x06broken\x12\x05State"
    with started(make_bundle("one"), "one", folder) as shim:
        for length in range(len(frame)):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(shim.socket))
                client.sendall(frame[:length])
        assert shims.pid_of("one", shim.address) == shim.pid
