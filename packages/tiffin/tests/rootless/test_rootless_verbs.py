"""Verbs that reach into a container, as an ordinary user: each is in the user namespace of that container."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import PROGRAM, SECONDS, Tiffin

pytestmark = [
    pytest.mark.requires("userns_rootless", "userns_proc", "busybox"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]

needs_range = pytest.mark.requires("newuidmap", "subuid")
NAMES = ("first", "second")  # each in a user namespace of its own


@pytest.fixture
def two(tiffin: Tiffin) -> Iterator[Tiffin]:
    for name in NAMES:
        assert tiffin.run("-d", "--rm", f"--name={name}", tiffin.image, "sh", "-c", "sleep 300; :").code == 0
    yield tiffin
    assert tiffin.call("rm", "--force", *NAMES).code == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_further_process(two: Tiffin, name: str) -> None:
    done = two.call("exec", "-i", name, "sh", "-c", "cat; id -u; echo $$ > /mine; exit 4", stdin="read\n")
    assert (done.code, done.lines) == (4, ["read", "0"]), done
    assert two.call("exec", name, "not-there").code == 127
    assert two.call("exec", "-d", name, "touch", "/tmp/made").code == 0
    assert two.call("exec", name, "ls", "/tmp/made").code == 0


@needs_range
def test_a_further_process_of_another_user(two: Tiffin) -> None:
    assert two.call("exec", "-u", "user", "first", "id", "-u").lines == ["1000"]


@needs_range
def test_into_one_whose_process_is_another_user_s(tiffin: Tiffin) -> None:
    assert tiffin.run("-d", "--rm", "--name=other", "-u", "user", tiffin.image, "sleep", "300").code == 0
    assert tiffin.call("exec", "other", "id", "-u").lines == ["1000"]
    assert tiffin.call("exec", "-u", "0", "other", "id", "-u").lines == ["0"]
    assert tiffin.call("kill", "-s", "USR1", "other").code == 0
    assert tiffin.call("stop", "-t", "0", "other").code == 0
    assert tiffin.states() == {}


@needs_range
def test_some_are_ended_that_are_another_user_s(tiffin: Tiffin) -> None:
    for name in NAMES:
        flags = ("-d", f"--name={name}", "-u", "user")
        assert tiffin.run(*flags, tiffin.image, "sleep", "300").code == 0
    done = tiffin.call("rm", "--force", "first", "none", "second")
    assert (done.code, done.lines) == (1, ["first", "second"]), done
    assert "there is no container 'none'" in done.err
    assert tiffin.states() == {}


def test_files(two: Tiffin, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    assert two.call("cp", "second:/data/one", copied).code == 0
    assert (copied.read_text(), copied.stat().st_uid) == ("1\n", os.getuid())
    assert two.call("cp", copied, "first:/tmp/").code == 0
    assert two.call("exec", "first", "stat", "-c", "%u %s", "/tmp/copied").lines == ["0 2"]


def test_archives(two: Tiffin) -> None:
    packed = subprocess.run(
        [PROGRAM, "cp", "first:/data", "-"],
        env=two.environment,
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        assert {(each.name, each.uid) for each in archive} >= {("data", 0), ("data/one", 0)}
    words = [str(PROGRAM), "cp", "-", "second:/tmp"]
    subprocess.run(words, env=two.environment, input=packed.stdout, timeout=SECONDS, check=True)
    assert two.call("exec", "second", "cat", "/tmp/data/one").out == "1\n"


def test_processes_are_those_of_the_container_alone(two: Tiffin) -> None:
    pids = two.call("top", "first", "-eo", "pid,comm").lines
    assert [line.split()[1] for line in pids] == ["COMMAND", "sh", "sleep"]
