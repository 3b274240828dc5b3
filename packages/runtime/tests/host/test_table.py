"""The table of probes: every row answers in time, changes nothing, and agrees with what is known otherwise."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import threading
from pathlib import Path

import pytest

from tiffin.runtime.host import PROBES, probe
from tiffin_testing.cgroups import hierarchies
from tiffin_testing.leaks import children, mounts

NAMESPACES = Path("/proc/self/ns")


def state_of_this_process() -> dict[str, object]:
    """What a careless probe would have changed."""
    return {
        "namespaces": sorted(os.readlink(entry) for entry in NAMESPACES.iterdir()),
        "ids": (os.getresuid(), os.getresgid(), os.getgroups()),
        "cwd": Path.cwd(),
    }


def things_here(temporary: Path) -> dict[str, set[object]]:
    """What a careless probe would have left. Things of earlier tests may go away meanwhile."""
    return {
        "mounts": set(mounts()),
        "children": set(children()),
        "descriptors": set(os.listdir("/proc/self/fd")),
        "threads": set(threading.enumerate()),
        "cgroups": {
            path for point in hierarchies() for path in point.glob("tiffin-probe-*") if is_left(path)
        },
        "temporary": set(temporary.iterdir()),
    }


def is_left(cgroup: Path) -> bool:
    """Whether no other process makes it just now, which is at a probe of its own."""
    pid = int(cgroup.name.split("-")[2])
    return pid == os.getpid() or not Path("/proc", str(pid)).exists()


def test_names_are_unique_and_every_row_says_what_to_do() -> None:
    names = [row.name for row in PROBES]
    assert len(names) == len(set(names))
    assert all(row.remedy and row.purpose for row in PROBES)


def test_all_rows_answer_and_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gc.collect()  # what earlier tests have left open
    before, there = state_of_this_process(), things_here(tmp_path)
    findings = probe()
    assert list(findings) == [row.name for row in PROBES]
    assert all(finding.detail for finding in findings.values())
    assert state_of_this_process() == before
    assert {
        name: found - there[name] for name, found in things_here(tmp_path).items() if found - there[name]
    } == {}


def test_order_is_the_callers_order() -> None:
    assert list(probe(["seccomp", "root"])) == ["seccomp", "root"]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        probe(["unobtainium"])


def test_programs_agree_with_the_search_path() -> None:
    assert probe(["gcc"])["gcc"].available == (shutil.which("gcc") is not None)


def test_root_is_what_the_kernel_says() -> None:
    assert probe(["root"])["root"].available == (os.geteuid() == 0)
