"""How long a start takes, and what an idle daemon keeps in memory."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from packages.manager.tests.daemon.large_store import make_large_store
from packages.manager.tests.tiffind import Tiffind, short_folder

MEGABYTE = 1 << 20


def memory(daemon: Tiffind) -> dict[str, int]:
    """Bytes, by the names of /proc/PID/smaps_rollup."""
    text = Path(f"/proc/{daemon.pid}/smaps_rollup").read_text()
    return {name: int(size) << 10 for name, size in re.findall(r"(\w+): +(\d+) kB", text)}


def start(daemon: Tiffind) -> float:
    """Seconds of CPU that the start took, which a busy machine makes no longer."""
    began = time.monotonic()
    daemon.start()
    wall = time.monotonic() - began
    fields = Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(fields[11]) + int(fields[12])) / 100
    print(f"{wall:.2f} s, of which {cpu:.2f} s CPU")
    return cpu


def test_an_empty_one(daemon: Tiffind) -> None:
    assert start(daemon) < 1.0
    daemon.ctr("version")
    found = memory(daemon)
    print({name: found[name] / MEGABYTE for name in ("Rss", "Pss", "Pss_Anon")})
    assert found["Pss_Anon"] < 34 * MEGABYTE  # beside the files of libraries, which all processes share
    assert found["Rss"] < 62 * MEGABYTE


@pytest.mark.requires("ctr")
def test_a_thousand_containers_and_ten_thousand_snapshots() -> None:
    with (
        short_folder("/dev/shm") as folder,
        Tiffind(folder) as daemon,
    ):  # a disk takes long to make ten thousand folders
        check_large(daemon)


def check_large(daemon: Tiffind) -> None:
    make_large_store(daemon.folder / "root", 1000)
    assert start(daemon) < 2.0
    assert len(daemon.ctr("containers", "ls", "--quiet").split()) == 1000
    assert len(daemon.ctr("snapshots", "--snapshotter", "native", "ls").splitlines()) == 10_001
    daemon.ctr("leases", "create", "--id", "short")
    daemon.ctr("leases", "delete", "--sync", "short")
    assert len(daemon.ctr("images", "ls", "--quiet").split()) == 1000
    daemon.kill()
    assert start(daemon) < 2.0
