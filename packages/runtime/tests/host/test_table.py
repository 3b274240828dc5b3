"""The table of probes: every row answers in time, changes nothing, and agrees with what is known otherwise."""

from __future__ import annotations

import os
import shutil
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
        "mounts": mounts(),
        "children": children(),
        "descriptors": sorted(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "cgroups": sorted(path.name for point in hierarchies() for path in point.glob("tiffin-probe-*")),
        "temporary": sorted(path.name for path in Path("/tmp").glob("tiffin-probe-*")),
    }


def test_names_are_unique_and_every_row_says_what_to_do() -> None:
    names = [row.name for row in PROBES]
    assert len(names) == len(set(names))
    assert all(row.remedy and row.purpose for row in PROBES)


def test_all_rows_answer_and_leave_nothing_behind() -> None:
    before = state_of_this_process()
    findings = probe()
    assert list(findings) == [row.name for row in PROBES]
    assert all(finding.detail for finding in findings.values())
    assert state_of_this_process() == before


def test_order_is_the_callers_order() -> None:
    assert list(probe(["seccomp", "root"])) == ["seccomp", "root"]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        probe(["unobtainium"])


def test_programs_agree_with_the_search_path() -> None:
    assert probe(["gcc"])["gcc"].available == (shutil.which("gcc") is not None)


def test_root_is_what_the_kernel_says() -> None:
    assert probe(["root"])["root"].available == (os.geteuid() == 0)
