"""Which ids are taken, and how a process is told from a later one with its pid."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from packages.runtime.tests.state.containers import process, start_time

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.state.identity import boot_id, is_alive, process_stat, validate_id


@pytest.mark.parametrize("identifier", ["a", "A-Z_0.9+", "...", "-x", "a" * 255, "0"])
def test_an_id_of_letters_digits_and_a_few_signs_is_taken(identifier: str) -> None:
    validate_id(identifier)


@pytest.mark.parametrize(
    "identifier",
    ["", ".", "..", "/", "a/b", "../a", "a b", "a\n", "ü", "a\0", "a:b", "a@b", "a" * 256, "\udcff"],
)
def test_any_other_id_is_refused(identifier: str) -> None:
    with pytest.raises(InvalidArgument, match=r"container (id cannot be empty|ID format)"):
        validate_id(identifier)


def test_a_process_is_known_by_pid_and_start_time() -> None:
    with process() as child:
        began = start_time(child.pid)
        assert is_alive(child.pid, began)
        assert not is_alive(child.pid, began + 1)
    assert not is_alive(child.pid, began)
    assert process_stat(child.pid) is None


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen(["sleep", "1000"])
    began = start_time(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert process_stat(child.pid) == ("Z", began)
        assert not is_alive(child.pid, began)
    finally:
        child.wait()


@pytest.mark.parametrize("name", ["a) S 1 1 (b", "((( )))", "x y z", ")"])
def test_the_name_of_a_program_cannot_confuse(name: str, tmp_path: Path) -> None:
    program = tmp_path / name
    shutil.copy2(shutil.which("sleep") or "", program)
    with process() as usual, subprocess.Popen([program, "1000"]) as child:
        try:
            while Path(f"/proc/{child.pid}/comm").read_text() != f"{name}\n":
                os.sched_yield()  # it has not executed the program yet
            found = process_stat(child.pid)
        finally:
            child.kill()
        assert found is not None
        assert found[0] in "SRD"
        assert 0 <= found[1] - start_time(usual.pid) < 1000


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_a_pid_that_cannot_be_is_not_alive(pid: int) -> None:
    assert not is_alive(pid, 0)


def test_the_boot_id_is_that_of_the_kernel() -> None:
    assert boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
