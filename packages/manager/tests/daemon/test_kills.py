"""A kill with -9, in every phase of the start and at any moment, is as good as a stop for the next start."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import pytest
from packages.manager.tests.tiffind import Tiffind

pytestmark = pytest.mark.requires("ctr")

PHASES = ("claim", "listen", "inherit", "plugins", "ttrpc", "grpc", "observe", "ready")
KILLING = """
import os, signal, sys
from tiffin.manager.daemon.daemon import Daemon
phase, when = sys.argv[1:3]
start = Daemon.__init__
def patched(self, *arguments):
    start(self, *arguments)
    names = [each.__name__.lstrip("_") for each in self.phases]
    place = names.index(phase) + (when == "after")
    async def kill(stack):
        os.kill(os.getpid(), signal.SIGKILL)
    kill.__name__ = "kill"
    self.phases.insert(place, kill)
Daemon.__init__ = patched
from tiffin.manager.command.main import main
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture
def killing(tmp_path: Path) -> Path:
    path = tmp_path / "killing.py"
    path.write_text(KILLING)
    return path


def test_the_phases_are_those_of_the_daemon() -> None:
    from tiffin.manager.daemon import daemon as module

    assert [
        line.split()[0] for line in (module.__doc__ or "").splitlines() if line.startswith("    ")
    ] == list(PHASES)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("phase", PHASES)
def test_a_kill_in_a_phase(daemon: Tiffind, killing: Path, phase: str, when: str) -> None:
    process = daemon.spawn(command=(sys.executable, killing, phase, when))
    assert process.wait(60) == -9, daemon.text
    daemon.start()
    daemon.ctr("namespaces", "create", "after")
    assert "after" in daemon.ctr("namespaces", "ls", "--quiet")
    assert daemon.stop() == 0
    left = sorted(path.name for path in daemon.folder.iterdir())
    assert left == ["config.toml", "log", "notify", "root", "state"]


def test_kills_at_random_moments(daemon: Tiffind) -> None:
    chance = random.Random(4)  # noqa: S311  # the same moments each time
    for _ in range(15):
        process = daemon.spawn()
        time.sleep(chance.random() * 0.8)  # the moment is what is tested
        process.kill()
        process.wait(60)
    daemon.start()
    daemon.ctr("namespaces", "create", "after")
    assert daemon.stop() == 0
