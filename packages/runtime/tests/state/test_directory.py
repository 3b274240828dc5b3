"""The state directory: one of many gets an id, and what is not there, or damaged, is said so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packages.runtime.tests.state.containers import fake_container

from tiffin.runtime.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from tiffin.runtime.state.directory import StateDirectory, default_root, identifiers

CLAIMER = """
import sys
from tiffin.runtime.errors import AlreadyExists
from tiffin.runtime.state.directory import StateDirectory
sys.stdin.read()
try:
    StateDirectory(sys.argv[1], "c1").claim()
except AlreadyExists:
    print("late", end="")
else:
    print("first", end="")
"""


def test_of_many_who_want_an_id_one_gets_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLAIMER, str(tmp_path / "root")]
    read, write = os.pipe()
    claimers = [subprocess.Popen(command, stdin=read, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    os.close(read)
    os.close(write)
    answers = [claimer.communicate()[0] for claimer in claimers]
    assert sorted(answers) == ["first", *["late"] * 5]


def test_the_directory_can_be_entered_by_all_and_listed_by_its_owner(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        StateDirectory(f"{tmp_path}/root", "c1").claim()
    finally:
        os.umask(before)
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "root/c1").stat().st_mode & 0o777 == 0o711


def test_an_id_in_use_is_refused_as_callers_know_it(tmp_path: Path) -> None:
    directory = StateDirectory(str(tmp_path), "c1")
    directory.claim()
    with pytest.raises(AlreadyExists, match=r"^container with given ID already exists$"):
        directory.claim()


@pytest.mark.parametrize("identifier", ["..", "a/../b", ""])
def test_an_id_that_leads_elsewhere_is_refused_before_anything_is_opened(
    identifier: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgument):
        StateDirectory(str(tmp_path), identifier)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    directory = fake_container(tmp_path / "root")
    state = directory.read()
    assert state.pid == 0
    directory.write(state.replace(pid=7))
    assert directory.read().pid == 7


def test_a_container_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"^container does not exist$"):
        StateDirectory(str(tmp_path), "c1").read()
    (tmp_path / "c2").touch()
    with pytest.raises(NotFound):
        StateDirectory(str(tmp_path), "c2").read()


@pytest.mark.parametrize("data", [b"", b"format 1\n", b"format 1\nid c1\npid -\n", os.urandom(500)])
def test_a_damaged_state_names_its_file_and_the_way_out(data: bytes, tmp_path: Path) -> None:
    directory = fake_container(tmp_path / "root")
    Path(directory.path, "state").write_bytes(data)
    with pytest.raises(FailedPrecondition, match=f"{directory.path}/state .* `delete --force`"):
        directory.read()


def test_ids_are_the_names_of_directories(tmp_path: Path) -> None:
    assert identifiers(f"{tmp_path}/absent") == []
    for name in ("b", "a"):
        StateDirectory(str(tmp_path), name).claim()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("a")
    assert identifiers(str(tmp_path)) == ["a", "b"]


def test_a_removed_directory_leaves_nothing(tmp_path: Path) -> None:
    directory = fake_container(tmp_path / "root")
    with directory.lock():
        directory.remove()
    assert not directory.exists()
    directory.remove()


def test_the_default_root_is_the_users_own_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {b"XDG_RUNTIME_DIR": b"/run/user/7"}
    monkeypatch.setattr("posix.environ", environment)
    monkeypatch.setattr("posix.geteuid", lambda: 7)
    assert default_root() == "/run/user/7/tiffin"
    environment.clear()
    assert default_root() == "/run/tiffin"
    monkeypatch.setattr("posix.geteuid", lambda: 0)
    environment[b"XDG_RUNTIME_DIR"] = b"/run/user/0"
    assert default_root() == "/run/tiffin"
