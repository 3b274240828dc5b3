"""The manager, shims, or both are killed with -9 at random moments while many containers write numbered lines.

No container dies of it, no line is lost or doubled, every exit status comes, and nothing is left when all is removed.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.manager.tests.load.lines import WIDTH
from packages.manager.tests.load.load import LINES, NAMESPACE, Load
from packages.manager.tests.tasks.peers import KINDS, Peer

from tiffin.manager.client.client import Client
from tiffin.runtime.errors import Unavailable

if TYPE_CHECKING:
    from tiffin_testing.cgroups import CgroupParent

WHOLE = "CI" in os.environ
CONTAINERS, KILLS = (200, 100) if WHOLE else (40, 12)
SEED = 20261127

pytestmark = [pytest.mark.requires("root", "busybox"), pytest.mark.timeout(600 if WHOLE else 120)]


@pytest.fixture
def load(request: pytest.FixtureRequest, cgroup_parent: CgroupParent) -> Iterator[Load]:
    folder = Path(tempfile.mkdtemp(prefix="tiffin-load-", dir="/var/tmp"))
    (folder / "manager").mkdir()
    peer = Peer(KINDS[request.param], folder / "manager")
    made = Load(peer, folder, cgroup_parent, CONTAINERS)
    peer.start()
    try:
        yield made
    finally:
        made.close()
        peer.close()
        cgroup_parent.remove()
        shutil.rmtree(folder)


@pytest.mark.parametrize("load", ["tiffin"], indirect=True)
def test_kills_of_the_manager_harm_no_container(load: Load) -> None:
    _killed_again_and_again(load, ["manager"])


@pytest.mark.parametrize("load", ["tiffin-shim"], indirect=True)
def test_kills_of_the_manager_and_of_shims_harm_no_container(load: Load) -> None:
    _killed_again_and_again(load, ["manager", "shim", "both"])


def _killed_again_and_again(load: Load, what: list[str]) -> None:
    chance = random.Random(SEED)  # noqa: S311  # no secret
    asyncio.run(load.start())
    before = asyncio.run(load.pids())
    assert len(before) == CONTAINERS
    for _ in range(KILLS):
        load.read()
        asyncio.run(_ask_until(load, chance.uniform(0.0, 0.2)))
        _kill(load, chance.choice(what), chance)
        assert asyncio.run(load.pids()) == before
    assert min(lines.bytes for lines in load.lines.values()) > 0
    asyncio.run(load.finish())
    assert {lines.bytes for lines in load.lines.values()} == {LINES * WIDTH}
    assert load.left() == []


def _kill(load: Load, what: str, chance: random.Random) -> None:
    """Kills the manager, a shim, or the manager with a shim, in any order; starts the manager again."""
    shims = load.shims() if what != "manager" else []
    assert shims or what == "manager"
    if shims and chance.random() < 0.5:
        _kill_process(chance.choice(shims))
        shims = []
    if what != "shim":
        load.peer.end(signal.SIGKILL)
    if shims:
        _kill_process(chance.choice(shims))
    load.read()
    if what != "shim":
        load.peer.start()


def _kill_process(pid: int) -> None:
    with suppress(ProcessLookupError):  # one that has only been asked to start a shim
        os.kill(pid, signal.SIGKILL)


async def _ask_until(load: Load, seconds: float) -> None:
    """Asks all the time, so that a kill comes in the middle of something."""
    with suppress(TimeoutError, Unavailable):
        async with asyncio.timeout(seconds), Client.connect(load.peer.address, NAMESPACE) as client:
            while True:
                for name in load.lines:
                    await client.containers.get(name)
                    await client.containers.tasks()
