"""A manager whose pids mean other processes here: in another pid namespace, over TCP, forwarded."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import SECONDS, Outcome
from packages.tiffin.tests.managed import forwarder
from packages.tiffin.tests.managed.conftest import Managed

from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.pids import check_root, peer_pid, why_foreign

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "containerd", "cgroup_writable")

OWN = os.stat("/proc/self/ns/pid").st_ino
NESTED = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
FOREIGN = "mean nothing here"


@contextmanager
def forwarded(target: str, *words: str | Path) -> Iterator[str]:
    """Where a process listens that forwards to the target."""
    command = [sys.executable, forwarder.__file__, target, *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def nested(managed: Managed, *words: str | Path) -> Outcome:
    """The command in a pid namespace of its own."""
    done = subprocess.run(
        [*NESTED, *managed.words(*words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=managed.environment,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_in_another_pid_namespace(managed: Managed, tmp_path: Path) -> None:
    managed.start_ready("box", "echo inside > /file; echo ready; exec sleep 300")
    assert nested(managed, "exec", "box", "cat", "/file").out == "inside\n"
    for words, advice in (
        (("cp", "box:/file", tmp_path / "out"), "tiffin exec box tar"),
        (("cp", __file__, "box:/file"), "tiffin exec box tar"),
        (("top", "box"), "tiffin exec box ps"),
        (("exec", "--user=user", "box", "id"), "--user"),
    ):
        done = nested(managed, *words)
        assert done.code in (1, 125), done
        assert FOREIGN in done.err
        assert advice in done.err
        assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert managed.call("exec", "box", "cat", "/file").out == "inside\n"


def test_a_log_is_followed_from_another_pid_namespace(managed: Managed) -> None:
    managed.start("talker", "echo 1; read line < /go; echo $line; exit 3", f"--volume={_fifo(managed)}:/go")
    command = [*NESTED, *managed.words("logs", "--follow", "talker")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=managed.environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        assert select.select([process.stdout], [], [], 0)[0] == []  # it waits, though no pid is known to it
        (managed.folder / "go").write_text("2\n")
        assert process.stdout.read() == "2\n"
        assert process.wait(SECONDS) == 0


def test_a_log_that_is_followed_so_ends_with_ctrl_c(managed: Managed) -> None:
    managed.start("talker", "echo 1; exec sleep 300")
    command = [*NESTED, *managed.words("logs", "--follow", "talker")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=managed.environment, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        os.killpg(process.pid, 2)
        assert process.stdout.read() == ""
    assert managed.states() == {"talker": "running"}


def test_over_tcp(managed: Managed, tmp_path: Path) -> None:
    managed.start("box")
    with forwarded(managed.address) as port:
        over_tcp = replace(managed, address=f"dns:///127.0.0.1:{port}")
        assert over_tcp.states() == {"box": "running"}
        done = over_tcp.call("cp", "box:/etc/passwd", tmp_path / "out")
    assert FOREIGN in done.err
    assert "another machine. Ask it by its unix socket" in done.err
    assert not (tmp_path / "out").exists()


def test_addresses_as_grpc_has_them_are_of_a_unix_socket(managed: Managed) -> None:
    managed.start("box")
    for address in (f"unix:{managed.address}", f"unix://{managed.address}"):
        assert "sleep 300" in replace(managed, address=address).call("top", "box").out


def test_a_forwarded_socket(managed: Managed, tmp_path: Path) -> None:
    managed.start("box")
    with forwarded(managed.address, tmp_path / "s") as path:
        done = replace(managed, address=path).call("top", "box")
    if managed.kind == "tiffind":  # containerd 1.6 does not tell its pid
        assert "forwards to it" in done.err


def test_the_socket_is_that_of_an_ancestor(tmp_path: Path) -> None:
    """As where systemd listens, and starts the manager then."""
    import socket

    with socket.socket(socket.AF_UNIX) as listener, subprocess.Popen(["sleep", "300"]) as manager:
        listener.bind(str(tmp_path / "s"))
        listener.listen(4)
        assert peer_pid(str(tmp_path / "s")) == os.getpid()
        assert why_foreign(str(tmp_path / "s"), manager.pid, OWN) == ""
        assert why_foreign(str(tmp_path / "s"), 0, 0) == ""
        assert why_foreign(str(tmp_path / "s"), os.getppid(), OWN)
        assert why_foreign(str(tmp_path / "s"), manager.pid, OWN - 1)
        manager.kill()


def test_a_process_with_our_own_root_is_no_container() -> None:
    with pytest.raises(CommandFailed, match="virtual machine"):
        check_root("kata", os.getpid())
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
        with suppress(FileNotFoundError):
            check_root("ended", ended.pid)


def _fifo(managed: Managed) -> Path:
    path = managed.folder / "go"
    os.mkfifo(path)
    return path
