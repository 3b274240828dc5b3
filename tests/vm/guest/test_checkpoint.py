"""checkpoint and restore by Debian's CRIU, which works with the kernel of this machine, whatever the host's is."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.vm.guest.subjects import needs_criu

from tiffin_testing.streams import Pipes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.vm.guest.container import Container

    from tiffin_testing.oci_runtime import Outcome

    Make = Callable[..., Container]

pytestmark = needs_criu

# It has its count nowhere but in memory, and ends with its input. Its child is to be saved with it.
COUNTER = ("sh", "-c", "sleep 1000 & n=0; while read -r line; do n=$((n + 1)); echo $n $line; done; exit 7")
LIMIT = {"pids": {"limit": 44}}


class Checkpoints:
    """A counter in a container, its streams, and the folders that CRIU writes to."""

    def __init__(self, container: Container, folder: Path, streams: ExitStack) -> None:
        self.container = container
        self.images = folder / "images"
        self._work = folder / "work"
        self._streams = streams
        self.pipes = streams.enter_context(Pipes.opened())

    def start(self) -> Checkpoints:
        """It has counted to 2."""
        container = self.container
        created = self.pipes.under(container.runtime).create(container.id, container.bundle)
        assert created.exit_code == 0, self.pipes.read()
        container.runtime.start(container.id).must_succeed()
        assert (self.pipes.ask("a"), self.pipes.ask("b")) == ("1 a", "2 b")
        return self

    def checkpoint(self, *flags: str | Path, images: Path | None = None) -> None:
        places: tuple[str | Path, ...] = ("--image-path", images or self.images, "--work-path", self._work)
        done = self.container.runtime.call("checkpoint", *places, *flags, self.container.id)
        assert done.exit_code == 0, f"{done.stderr}\n{errors_in(self._work / 'dump.log')}"

    def restore(self, *flags: str, images: Path | None = None, end_of_input: bool = False) -> int:
        """With new streams; gives the exit code."""
        self.pipes = self._streams.enter_context(Pipes.opened())
        if end_of_input:
            self.pipes.close_input()
        return self._restore(*flags, images=images).exit_code

    def _restore(self, *flags: str, images: Path | None) -> Outcome:
        container = self.container
        places = ("--image-path", images or self.images, "--work-path", self._work)
        bundle = ("--bundle", container.bundle.path)
        return self.pipes.under(container.runtime).call("restore", *places, *bundle, *flags, container.id)


@pytest.fixture
def counter(container_factory: Make, tmp_path: Path) -> Iterator[Checkpoints]:
    with ExitStack() as streams:
        yield Checkpoints(container_factory(LIMIT, args=COUNTER), tmp_path, streams)


def errors_in(log: Path) -> str:
    """What CRIU says of its failure; runc shows only where it stands."""
    lines = log.read_text().splitlines() if log.exists() else []
    return "\n".join(line for line in lines if "Error" in line)


def is_gone(container: Container) -> bool:
    return not container.cgroup.exists() and not list(container.runtime.containers())


def test_a_restored_container_goes_on_with_its_count(counter: Checkpoints) -> None:
    container = counter.start().container
    counter.checkpoint()
    assert is_gone(container)
    assert counter.restore("--detach") == 0
    assert counter.pipes.ask("c") == "3 c"
    assert container.runtime.status(container.id) == "running"
    assert container.values("pids.current", "pids.max") == {"pids.current": "2", "pids.max": "44"}
    assert str(container.pid) in container.value("cgroup.procs").split()
    assert container.shell("hostname; cat /proc/self/cgroup") == "tiffin-test\n0::/\n"
    container.end()


def test_one_that_may_run_on_counts_further_and_its_images_begin_where_they_were_made(
    counter: Checkpoints,
) -> None:
    container = counter.start().container
    counter.checkpoint("--leave-running")
    assert container.runtime.status(container.id) == "running"
    assert (counter.pipes.ask("c"), counter.pipes.ask("d")) == ("3 c", "4 d")
    container.end()
    assert counter.restore("--detach") == 0
    assert counter.pipes.ask("e") == "3 e"
    container.end()


def test_restore_in_the_foreground_ends_as_the_container_does(counter: Checkpoints) -> None:
    counter.start().checkpoint()
    assert counter.restore(end_of_input=True) == 7
    assert is_gone(counter.container)


def test_a_paused_container_can_be_saved(counter: Checkpoints) -> None:
    container = counter.start().container
    container.runtime.call("pause", container.id).must_succeed()
    counter.checkpoint()
    assert is_gone(container)
    assert counter.restore("--detach") == 0
    assert counter.pipes.ask("c") == "3 c"
    container.end()


def test_memory_may_be_saved_before_the_rest(counter: Checkpoints) -> None:
    counter.start().checkpoint("--pre-dump", images=counter.images / "before")
    assert counter.pipes.ask("c") == "3 c"
    counter.checkpoint("--parent-path", "../before", images=counter.images / "after")
    assert counter.restore("--detach", images=counter.images / "after") == 0
    assert counter.pipes.ask("d") == "4 d"
    counter.container.end()


def sleeper_in(container: Container) -> str:
    """Pid, pid of the parent, and command of the counter's child, as the container sees them."""
    lines = container.shell("ps -o pid,ppid,args").splitlines()
    (found,) = (line for line in lines if line.endswith(" sleep 1000"))
    return found


def test_files_in_a_tmpfs_and_further_processes_are_saved(counter: Checkpoints) -> None:
    container = counter.start().container
    container.shell("echo kept > /dev/shm/file")
    before = sleeper_in(container)
    assert before.endswith("sleep 1000")
    counter.checkpoint()
    assert counter.restore("--detach") == 0
    assert container.shell("cat /dev/shm/file") == "kept\n"
    assert sleeper_in(container) == before
    container.end()


@pytest.mark.parametrize("state", ["absent", "empty", "torn"])
def test_images_that_are_none_are_an_error_and_leave_nothing(counter: Checkpoints, state: str) -> None:
    container = counter.start().container
    counter.checkpoint()
    bad = counter.images.with_name(state)
    if state != "absent":
        bad.mkdir()
    if state == "torn":
        (bad / "descriptors.json").write_text((counter.images / "descriptors.json").read_text())
        (bad / "inventory.img").write_bytes((counter.images / "inventory.img").read_bytes()[:-3])
    assert counter.restore("--detach", images=bad) == 1
    assert str(bad.parent) in counter.pipes.read()
    assert is_gone(container)


def test_an_id_that_is_in_use_is_refused(counter: Checkpoints) -> None:
    container = counter.start().container
    counter.checkpoint("--leave-running")
    first = counter.pipes
    assert counter.restore("--detach") == 1
    assert "already exists" in counter.pipes.read()
    assert first.ask("c") == "3 c"
    container.end()
