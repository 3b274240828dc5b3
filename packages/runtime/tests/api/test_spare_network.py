"""The network namespace that a `Runtime` makes ahead: one for each container, as a new one is, and gone with it."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from packages.runtime.tests.api.conftest import Make, shell

from tiffin.runtime import Runtime
from tiffin.runtime.api import spare_network
from tiffin.runtime.api.spare_network import SpareNetwork

pytestmark = pytest.mark.requires("root")
LOOK = "readlink /proc/self/ns/net; ip -o link; ip -o addr; cat /proc/net/route"
UP = "<LOOPBACK,UP,LOWER_UP>"
OWN_NETWORK = Path("/proc/self/ns/net")


@pytest.fixture(autouse=True)
def any_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little time there is between two containers, it is enough."""
    monkeypatch.setattr(spare_network, "PAUSE", 0.0)


@pytest.fixture
def look(runtime: Runtime, bundle_factory: Make) -> Callable[[], list[str]]:
    """Runs a container; its network namespace, and what it sees in there."""
    bundle = bundle_factory(args=shell(LOOK))

    def run() -> list[str]:
        shown = runtime.run(bundle.config, bundle=bundle.path).stdout.decode().splitlines()
        runtime.settle()
        return shown

    return run


def taken(spare: SpareNetwork) -> int:
    """A descriptor of the one that was made ahead, once that is done."""
    spare.settle()
    return spare.take()


@pytest.fixture
def spare() -> SpareNetwork:
    """One that has made a namespace ahead."""
    made = SpareNetwork()
    assert made.take() == -1
    made.replenish()
    assert made.take() == -1
    made.replenish()
    return made


def test_containers_see_the_same_whether_it_was_made_ahead_or_not(look: Callable[[], list[str]]) -> None:
    seen = [look() for _ in range(5)]
    assert UP in seen[0][1]
    assert [rest for _, *rest in seen] == [seen[0][1:]] * 5
    assert os.readlink(OWN_NETWORK) not in {network for network, *_ in seen}


def test_containers_at_the_same_time_have_one_each(runtime: Runtime, bundle_factory: Make) -> None:
    bundle = bundle_factory({"linux": {"cgroupsPath": None}}, args=["true"])
    made = []
    try:
        for number in range(5):
            made.append(runtime.create(f"spare-{number}", bundle.config, bundle=bundle.path))
            runtime.settle()
        networks = {os.readlink(f"/proc/{container.process.pid}/ns/net") for container in made}
    finally:
        for container in made:
            container.delete(force=True)
    assert len(networks - {os.readlink(OWN_NETWORK)}) == 5


def test_the_one_that_was_made_ahead_is_the_containers(
    look: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def remembered(make: Callable[[], int] = spare_network._new_network) -> int:
        network = make()
        made.append(os.readlink(f"/proc/self/fd/{network}"))
        return network

    monkeypatch.setattr(spare_network, "_new_network", remembered)
    seen = [look()[0] for _ in range(4)]
    assert seen[2:] == made[:2]


def test_a_program_that_runs_one_container_makes_none_ahead(
    look: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare_network, "_new_network", lambda: pytest.fail("made ahead"))
    look()


def test_a_program_that_leaves_no_time_makes_none_ahead(
    look: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare_network, "_new_network", lambda: pytest.fail("made ahead"))
    monkeypatch.setattr(spare_network, "PAUSE", 3600.0)
    for _ in range(3):
        look()


def test_it_is_a_new_one_and_this_program_stays_where_it_is(spare: SpareNetwork) -> None:
    before = os.readlink(OWN_NETWORK)
    network = taken(spare)
    try:
        assert os.readlink(f"/proc/self/fd/{network}") not in {before, ""}
        assert not os.get_inheritable(network)
    finally:
        os.close(network)
        spare.close()
    assert os.readlink(OWN_NETWORK) == before


def test_a_fork_does_not_get_the_one_of_its_parent(spare: SpareNetwork) -> None:
    spare.settle()
    child = os.fork()
    if child == 0:
        os._exit(0 if spare.take() == -1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    network = spare.take()
    assert network >= 0
    os.close(network)
    spare.close()


def test_after_close_none_is_left_or_made(spare: SpareNetwork) -> None:
    spare.close()
    spare.replenish()
    assert taken(spare) == -1


def test_where_none_can_be_made_ahead_containers_make_their_own(
    look: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse() -> int:
        tried.append(errno.ENOSPC)
        raise OSError(errno.ENOSPC, "too many")

    monkeypatch.setattr(spare_network, "_new_network", refuse)
    assert all(UP in look()[1] for _ in range(4))
    assert tried == [errno.ENOSPC]


def test_where_no_thread_can_be_started_containers_make_their_own(
    look: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    assert all(UP in look()[1] for _ in range(4))


def test_a_container_in_the_hosts_network_leaves_it_alone(
    runtime: Runtime, bundle_factory: Make, look: Callable[[], list[str]]
) -> None:
    look(), look()
    bundle = bundle_factory(args=shell(LOOK))
    bundle.config["linux"]["namespaces"] = [
        {"type": kind} for kind in ("mount", "pid", "uts", "ipc", "cgroup")
    ]
    for _ in range(2):
        assert runtime.run(bundle.config, bundle=bundle.path).stdout.split()[0].decode() == os.readlink(
            OWN_NETWORK
        )
    assert look()[0] != os.readlink(OWN_NETWORK)


def test_one_that_cannot_be_joined_is_made_by_the_container(
    look: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a user namespace which the program has left."""
    monkeypatch.setattr(
        spare_network, "_new_network", lambda: os.open("/proc/self/ns/uts", os.O_RDONLY | os.O_CLOEXEC)
    )
    assert all(UP in look()[1] for _ in range(4))


def test_a_signal_handler_of_the_program_is_not_disturbed(spare: SpareNetwork) -> None:
    """The thread that makes it gets no signal that the program waits for: Python handles them in the main thread."""
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: heard.append(number))
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        spare.settle()
    finally:
        signal.signal(signal.SIGUSR1, before)
        spare.close()
    assert heard == [signal.SIGUSR1]
