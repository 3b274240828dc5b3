"""The debug socket, and the stacks that SIGUSR1 writes."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.manager.tests.tiffind import Tiffind, short_folder, tiffind


@pytest.fixture
def daemon() -> Iterator[Tiffind]:
    with short_folder() as folder, tiffind(f'[debug]\naddress = "{folder}/debug.sock"\n') as made:
        made.start()
        made.debug = f"{folder}/debug.sock"  # type: ignore[attr-defined]
        yield made


def get(daemon: Tiffind, path: str) -> str:
    address = daemon.debug  # type: ignore[attr-defined]
    command = ["curl", "-sSf", "--unix-socket", address, f"http://tiffind{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def test_pages(daemon: Tiffind) -> None:
    assert stat.S_IMODE(os.stat(daemon.debug).st_mode) == 0o660  # type: ignore[attr-defined]
    assert "daemon.py" in get(daemon, "/debug/tasks")
    assert "collection of garbage" in get(daemon, "/debug/tasks")
    assert "MainThread" in get(daemon, "/debug/stacks")
    assert re.search(r"\d+ builtins.function", get(daemon, "/debug/objects"))
    with pytest.raises(subprocess.CalledProcessError):
        get(daemon, "/etc/passwd")


@pytest.mark.requires("ctr")
def test_ctr_gets_the_stacks_where_it_wants_those_of_goroutines(daemon: Tiffind) -> None:
    address = daemon.debug  # type: ignore[attr-defined]
    assert "MainThread" in daemon.ctr("pprof", "--debug-socket", address, "goroutines")


def test_a_client_that_says_nothing_is_in_nobodys_way(daemon: Tiffind) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(daemon.debug)  # type: ignore[attr-defined]
        assert get(daemon, "/debug/tasks")
        assert daemon.stop() == 0


def test_sigusr1_writes_stacks_and_changes_nothing(daemon: Tiffind, tmp_path: Path) -> None:
    daemon.stop()
    daemon.start("--log-level", "info", environment={"TMPDIR": str(tmp_path)})
    daemon.signal(signal.SIGUSR1)
    found = written_by(daemon)
    assert found.parent == tmp_path
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    text = found.read_text()
    assert "=== BEGIN stack dump ===" in text
    assert "collection of garbage" in text
    # by faulthandler, of whichever thread has got the signal
    assert "(most recent call first)" in daemon.text
    assert daemon.stop() == 0


def written_by(daemon: Tiffind) -> Path:
    """The file of stacks, once the log tells it: on a busy machine a call or two may be answered before."""
    for _ in range(50):
        daemon.ctr("version")
        if found := re.search(r'msg="stacks written" path=(\S+)', daemon.text):
            return Path(found[1])
    raise AssertionError(daemon.text)
