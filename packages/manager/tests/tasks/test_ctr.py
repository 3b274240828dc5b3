"""The real `ctr` does what it is for: run, exec, attach, pause, kill, list, measure, and tell events."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import termios
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tiffin_testing.cgroups import hierarchies, remove_tree
from tiffin_testing.images import busybox_layer, docker_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packages.manager.tests.tasks.peers import Peer

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "overlayfs")
IMAGE = "docker.io/tiffin/busybox:latest"


class Ctr:
    """`ctr` in a namespace of a test's own. runtime: of its containers."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.namespace = f"ctr-{uuid.uuid4().hex[:8]}"
        self.runtime = peer.kind.runtime

    def __call__(self, *words: str | Path) -> str:
        """What it prints; it must succeed."""
        done = self.ended(*words)
        assert done.returncode == 0, f"ctr {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def ended(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """How it ends."""
        return self.peer.ctr(*words, namespace=self.namespace)

    def run(self, *words: str) -> str:
        """`ctr run` with the runtime."""
        return self("run", "--runtime", self.runtime, *words)

    def started(self, *words: str, **streams: int) -> subprocess.Popen[bytes]:
        """One that goes on."""
        command = ["ctr", "--address", self.peer.address, "--namespace", self.namespace, *words]
        return subprocess.Popen(command, **streams)  # type: ignore[call-overload,no-any-return]

    def tasks(self) -> dict[str, str]:
        """Status by id."""
        rows = [line.split() for line in self("tasks", "ls").splitlines()[1:]]
        return {row[0]: row[2] for row in rows}

    def end(self) -> None:
        """Removes everything."""
        for name in self.tasks():
            self.ended("tasks", "kill", "--signal", "KILL", "--all", name)
            self.ended("tasks", "rm", "--force", name)
        for name in self("containers", "ls", "-q").split():
            self("containers", "rm", name)
        for name in self("images", "ls", "-q").split():
            self("images", "rm", "--sync", name)
        for line in self("snapshots", "ls").splitlines()[1:]:
            self.ended("snapshots", "rm", line.split()[0])
        for hierarchy in hierarchies():  # ctr's containers are below the namespace's, which nobody removes
            remove_tree(hierarchy / self.namespace)


@pytest.fixture
def ctr(peer: Peer, tmp_path: Path) -> Iterator[Ctr]:
    """With an image."""
    made = Ctr(peer)
    archive = docker_archive(
        tmp_path / "image.tar", [busybox_layer()], old=False, tags=["tiffin/busybox:latest"]
    )
    made("images", "import", "--snapshotter", "overlayfs", archive)
    yield made
    made.end()


def test_a_container_runs_and_is_removed(ctr: Ctr) -> None:
    assert ctr.run("--rm", IMAGE, "c1", "echo", "hello") == "hello\n"
    assert ctr.tasks() == {}
    assert ctr("containers", "ls", "-q") == ""


def test_the_exit_code_is_that_of_the_program(ctr: Ctr) -> None:
    done = ctr.ended("run", "--runtime", ctr.runtime, "--rm", IMAGE, "c1", "sh", "-c", "echo oh >&2; exit 9")
    assert (done.returncode, done.stderr) == (9, "oh\n")


def test_a_container_goes_on_by_itself(ctr: Ctr) -> None:
    ctr.run("-d", IMAGE, "c1", "sleep", "1000")
    assert ctr.tasks() == {"c1": "RUNNING"}
    assert ctr("tasks", "exec", "--exec-id", "e1", "c1", "echo", "inside") == "inside\n"
    done = ctr.ended("tasks", "exec", "--exec-id", "e2", "c1", "sh", "-c", "exit 7")
    assert done.returncode == 7
    assert len(ctr("tasks", "ps", "c1").splitlines()) == 2
    ctr("tasks", "pause", "c1")
    assert ctr.tasks() == {"c1": "PAUSED"}
    ctr("tasks", "resume", "c1")
    assert "memory" in ctr("tasks", "metrics", "c1")
    ctr("tasks", "kill", "--signal", "KILL", "c1")
    ctr("tasks", "rm", "--force", "c1")
    assert ctr.tasks() == {}
    ctr("tasks", "start", "--detach", "c1")
    assert ctr.tasks() == {"c1": "RUNNING"}


def test_input_reaches_a_program(ctr: Ctr) -> None:
    command = ("run", "--runtime", ctr.runtime, "--rm", IMAGE, "c1", "wc", "-c")
    running = ctr.started(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    output, _ = running.communicate(b"x" * 1_000_000, timeout=60)
    assert (running.returncode, output) == (0, b"1000000\n")


def test_a_terminal_is_attached_to(ctr: Ctr) -> None:
    script = "while read line; do echo got $line; done"
    with terminal() as (_, theirs):
        words = ("run", "--runtime", ctr.runtime, "-d", "--tty", IMAGE, "c1", "sh", "-c", script)
        assert ctr.started(*words, **theirs).wait(30) == 0
    with terminal() as (ours, theirs):
        attached = ctr.started("tasks", "attach", "c1", **theirs)
        os.write(ours, b"hello\n")
        seen(ours, b"got hello")
        ctr("tasks", "kill", "--signal", "KILL", "c1")
        assert attached.wait(30) == 137


@contextmanager
def terminal() -> Iterator[tuple[int, dict[str, int]]]:
    """A terminal: our end, and the other as a program's streams."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    try:
        yield ours, {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    finally:
        os.close(ours)
        os.close(theirs)


def seen(descriptor: int, wanted: bytes) -> None:
    """Reads until that has come."""
    found = b""
    while wanted not in found:
        ready, _, _ = select.select([descriptor], [], [], 30)
        assert ready, found
        found += os.read(descriptor, 4096)


def test_events_are_told(ctr: Ctr, tmp_path: Path) -> None:
    with (tmp_path / "events").open("wb") as log:
        events = ctr.started("events", stdout=log.fileno())
        try:
            topics = _told(ctr, events, tmp_path / "events")
        finally:
            events.send_signal(signal.SIGINT)
            events.wait(30)
    wanted = ["/containers/create", "/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"]
    assert [topic for topic in topics if topic in wanted] == wanted


def _told(ctr: Ctr, events: subprocess.Popen[bytes], log: Path) -> list[str]:
    """Runs a container until the end of one has been told: the first ones may come before `ctr events` listens."""
    for number in range(50):
        assert events.poll() is None
        ctr.run("--rm", IMAGE, f"c{number}", "true")
        lines = [line for line in log.read_text().splitlines() if f'"c{number}"' in line]
        topics = [line.split()[5] for line in lines]
        if "/tasks/delete" in topics:
            return topics
    raise AssertionError(log.read_text())


def test_a_shim_is_chosen_by_name(ctr: Ctr) -> None:
    assert ctr("run", "--runtime", "io.containerd.runc.v2", "--rm", IMAGE, "c1", "echo", "runc") == "runc\n"
