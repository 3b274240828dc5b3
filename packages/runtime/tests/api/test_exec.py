"""`Container.exec` and `popen`: further processes, their time limit, and what becomes of their children."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from packages.runtime.tests.api.conftest import Make, shell
from packages.runtime.tests.lifecycle.containers import has_ended

from tiffin.runtime import DEVNULL, PIPE, Container, FailedPrecondition, OperationFailed, Runtime, TimedOut

pytestmark = pytest.mark.requires("root")
SECONDS = 20.0


@pytest.fixture
def container(runtime: Runtime, bundle_factory: Make) -> Iterator[Container]:
    """One that sleeps."""
    bundle = bundle_factory(args=["sleep", "1000"])
    made = runtime.create(
        "sleeper", bundle.config, bundle=bundle.path, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    made.start()
    yield made
    made.delete(force=True)


def test_output_and_exit_code(container: Container) -> None:
    result = container.exec(shell("cat; echo err >&2; exit 3"), input=b"in\n")
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"in\n", b"err\n")


def test_the_process_is_as_asked_for(container: Container) -> None:
    show = shell("echo $(pwd) $(id -u) $(id -g) $(id -G) $WORD")
    result = container.exec(show, cwd="/tmp", env={"WORD": "w"}, user="5:6", additional_gids=[7])
    assert result.stdout == b"/tmp 5 6 6 7 w\n"


def test_a_time_limit_ends_the_whole_tree(container: Container) -> None:
    """Also what has a session of its own, as long as its parent lives."""
    script = "echo begun; (setsid sleep 1000 & wait) & sleep 1000 & sh -c 'sleep 1000; true'"
    begin = time.monotonic()
    with pytest.raises(TimedOut) as caught:
        container.exec(shell(script), timeout=0.5)
    assert 0.5 <= time.monotonic() - begin < SECONDS
    assert caught.value.stdout == b"begun\n"
    left = set(container.pids()) - {container.process.pid}
    assert all(has_ended(pid) for pid in left)  # the kernel may take a moment for what was killed


def test_a_daemon_that_keeps_the_pipes_does_not_hold_it_up(container: Container) -> None:
    begin = time.monotonic()
    result = container.exec(shell("setsid sleep 1000 & echo left"), timeout=SECONDS)
    assert time.monotonic() - begin < SECONDS / 2
    assert (result.exit_code, result.stdout) == (0, b"left\n")
    assert len(container.pids()) == 2


def test_the_exit_code_comes_while_output_streams(container: Container) -> None:
    process = container.popen(shell("echo one; read line; echo two; exit 4"), stdin=PIPE, stdout=PIPE)
    assert os.read(process.streams.stdout, 100) == b"one\n"
    assert process.poll() is None
    result = process.communicate(b"\n", timeout=SECONDS)
    assert (result.exit_code, result.stdout) == (4, b"two\n")
    assert process.poll() == process.wait() == 4
    process.kill()


def test_many_threads_wait_for_one_process(container: Container) -> None:
    process = container.popen(shell("read line; exit 5"), stdin=PIPE)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(process.wait, timeout=SECONDS) for _ in range(8)]
        process.streams.close()
        assert [future.result() for future in waiting] == [5] * 8


def test_a_missing_program_is_told_apart(container: Container) -> None:
    with pytest.raises(OperationFailed) as caught:
        container.exec(["no-such-program"])
    assert (caught.value.program, caught.value.errno) == (True, 2)


def test_a_stopped_container_takes_none(container: Container) -> None:
    container.kill(9)
    container.wait(timeout=SECONDS)
    with pytest.raises(FailedPrecondition):
        container.exec(["true"])
