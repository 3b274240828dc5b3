"""One command at a time works on a container; the lock ends with its holder."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tiffin.runtime.errors import FailedPrecondition, NotFound
from tiffin.runtime.state.lock import Lock

HOLDER = """
import sys
from tiffin.runtime.state.lock import Lock
lock = Lock(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock until its stdin is closed."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        yield child


def test_a_held_lock_is_refused_to_who_does_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path), pytest.raises(FailedPrecondition, match=str(path)):
        Lock(str(path), wait=False)
    with Lock(str(path), wait=False):
        pass


def test_who_waits_gets_it_when_the_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    got = threading.Event()

    def wait() -> None:
        with Lock(str(path)):
            got.set()

    with holder(path) as child:
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert not got.wait(0.05)
        child.send_signal(signal.SIGKILL)
        waiter.join(20)
        assert got.is_set()


def test_a_container_that_went_meanwhile_is_not_found(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    failures: list[BaseException] = []

    def wait() -> None:
        try:
            Lock(str(path)).release()
        except NotFound as error:
            failures.append(error)

    with holder(path) as child:
        waiter = threading.Thread(target=wait)
        waiter.start()
        while str(path.stat().st_ino) not in waiting_for():
            pass  # it has opened the file, but does not wait yet
        path.unlink()
        child.kill()
        waiter.join(20)
    assert [str(error) for error in failures] == ["container does not exist"]


def waiting_for() -> set[str]:
    """Inodes of the files whose locks somebody waits for (proc(5), /proc/locks: `->`)."""
    rows = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return {row[6].rpartition(":")[2] for row in rows if row[1] == "->"}


def test_without_a_directory_there_is_no_container(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Lock(str(tmp_path / "absent/lock"))


def test_a_lock_is_not_inherited(tmp_path: Path) -> None:
    with Lock(str(tmp_path / "lock")):
        child = subprocess.Popen(["sleep", "1000"], close_fds=False)
    try:
        with Lock(str(tmp_path / "lock"), wait=False):
            pass
    finally:
        child.kill()
        child.wait()
