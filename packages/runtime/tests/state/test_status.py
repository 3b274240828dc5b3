"""The status is derived from the kernel each time, and cannot be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from packages.runtime.tests.state.containers import fake_container, process, start_time

from tiffin.runtime.state.directory import FIFO, StateDirectory
from tiffin.runtime.state.status import status_of


def status(directory: StateDirectory) -> str:
    return status_of(directory, directory.read())


def test_without_a_pid_it_is_being_made(tmp_path: Path) -> None:
    assert status(fake_container(tmp_path / "root")) == "creating"


def test_with_a_fifo_it_is_created_without_it_runs_and_dead_it_is_stopped(tmp_path: Path) -> None:
    with process() as child:
        directory = fake_container(tmp_path / "root", child.pid, fifo=True)
        assert status(directory) == "created"
        Path(directory.path, FIFO).unlink()
        assert status(directory) == "running"
    assert status(directory) == "stopped"


def test_a_later_process_with_its_pid_does_not_make_it_run(tmp_path: Path) -> None:
    with process() as child:
        directory = fake_container(tmp_path / "root", child.pid, start_time=start_time(child.pid) - 1)
        assert status(directory) == "stopped"


def test_after_a_boot_it_is_stopped_whatever_runs(tmp_path: Path) -> None:
    with process() as child:
        assert status(fake_container(tmp_path / "root", child.pid, boot="of yesterday")) == "stopped"


@pytest.mark.parametrize(
    ("frozen", "expected"), [("FROZEN", "paused"), ("FREEZING", "paused"), ("THAWED", "running")]
)
def test_frozen_is_paused(frozen: str, expected: str, tmp_path: Path) -> None:
    with process() as child:
        assert status(fake_container(tmp_path / "root", child.pid, frozen=frozen)) == expected


def test_frozen_before_its_start_is_paused(tmp_path: Path) -> None:
    with process() as child:
        assert status(fake_container(tmp_path / "root", child.pid, frozen="FROZEN", fifo=True)) == "paused"


def test_on_cgroup_v2_its_own_file_tells(tmp_path: Path) -> None:
    cgroup = tmp_path / "cgroup"
    cgroup.mkdir()
    (cgroup / "cgroup.freeze").write_text("1\n")
    with process() as child:
        directory = fake_container(tmp_path / "root", child.pid, cgroups=(("unified", str(cgroup)),))
        assert status(directory) == "paused"
        (cgroup / "cgroup.freeze").write_text("0\n")
        assert status(directory) == "running"


def test_a_cgroup_that_is_gone_freezes_nothing(tmp_path: Path) -> None:
    with process() as child:
        directory = fake_container(tmp_path / "root", child.pid, cgroups=(("freezer", f"{tmp_path}/absent"),))
        assert status(directory) == "running"
