"""Verbs on containers that run, with no daemon: exec, top, stats, pause, cp, inspect."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import PROGRAM, SECONDS, Tiffin

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "cgroup_writable")


@pytest.fixture
def box(tiffin: Tiffin) -> Iterator[Tiffin]:
    """With a container `box` that runs."""
    flags = ("-d", "--rm", "--name=box", "-e", "FIRST=1", "--memory=64m")
    assert tiffin.run(*flags, tiffin.image, "sleep", "300").code == 0
    yield tiffin
    assert tiffin.call("rm", "--force", "box").code == 0


def test_streams_and_exit_code(box: Tiffin) -> None:
    done = box.call("exec", "-i", "box", "sh", "-c", "cat; echo wrong >&2; exit 7", stdin="some\n")
    assert (done.code, done.out, done.err) == (7, "some\n", "wrong\n")
    assert box.call("exec", "box", "cat", stdin="unread").out == ""


def test_user_folder_and_environment(box: Tiffin) -> None:
    flags = ("--user=user", "--workdir=/tmp", "-e", "WHO=me")
    done = box.call("exec", *flags, "box", "sh", "-c", "id -u; id -G; pwd; echo $FIRST $WHO $HOME")
    assert done.lines == ["1000", "1000 2000", "/tmp", "1 me /home"]
    assert "no user 'nobody-such'" in box.call("exec", "--user=nobody-such", "box", "true").err


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/etc/passwd", 126)])
def test_a_program_that_cannot_be_executed(box: Tiffin, program: str, code: int) -> None:
    assert box.call("exec", "box", program).code == code


def test_a_working_directory_that_is_not_there(box: Tiffin) -> None:
    done = box.call("exec", "-w", "/not/there", "box", "pwd")
    assert (done.code, done.out) == (127, "")
    assert "/not/there" in done.err


def test_a_process_in_the_background(box: Tiffin) -> None:
    assert box.call("exec", "-d", "box", "sleep", "302").code == 0
    assert "sleep 302" in box.call("top", "box").out


def test_stats(box: Tiffin) -> None:
    assert box.call("exec", "-d", "box", "sh", "-c", "while :; do :; done").code == 0
    (row,) = json.loads(box.call("stats", "--no-stream", "--json").out)
    assert (row["name"], row["memory_limit"], row["pids"]) == ("box", 64 * 1024 * 1024, 2)
    assert row["cpu_percent"] > 10
    assert row["memory"] > 1000


def test_pause_and_unpause(box: Tiffin) -> None:
    assert "'box' is not paused" in box.call("unpause", "box").err
    assert box.call("pause", "box").lines == ["box"]
    assert "'box' is paused already" in box.call("pause", "box").err
    assert box.states() == {"box": "paused"}
    assert "tiffin unpause box" in box.call("exec", "box", "true").err
    assert box.call("unpause", "box").lines == ["box"]
    assert box.states() == {"box": "running"}


def test_inspect(box: Tiffin) -> None:
    done = box.call("inspect", "box", "missing")
    assert done.code == 1
    assert "no container 'missing'" in done.err
    (tree,) = json.loads(done.out)
    assert (tree["name"], tree["status"]) == ("box", "running")
    assert tree["config"]["process"]["args"] == ["sleep", "300"]
    assert os.path.isdir(f"/proc/{tree['pid']}")


def test_a_container_that_does_not_run(tiffin: Tiffin) -> None:
    assert tiffin.run("--name=kept", tiffin.image, "true").code == 0
    for words in (
        ("exec", "kept", "true"),
        ("top", "kept"),
        ("stats", "kept"),
        ("cp", "kept:/etc/passwd", "/tmp/x"),
    ):
        done = tiffin.call(*words)
        assert (done.code, "'kept' does not run" in done.err) == (1, True), done


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/file").write_text("outside\n")
    (folder / "sub/program").write_text("#!/bin/sh\n")
    (folder / "sub/program").chmod(0o4711)
    return folder


def test_a_tree_goes_in_and_comes_out(box: Tiffin, outside: Path, tmp_path: Path) -> None:
    os.chown(outside / "sub/file", 1234, 1234)
    assert box.call("cp", outside, "box:/new").code == 0
    seen = box.call("exec", "box", "stat", "-c", "%u %a", "/new/sub/file", "/new/sub/program").lines
    assert seen == ["0 644", "0 4711"]
    assert box.call("cp", "-a", f"{outside}/.", "box:/new").code == 0
    assert box.call("exec", "box", "stat", "-c", "%u", "/new/sub/file").lines == ["1234"]
    assert box.call("cp", "box:/new", tmp_path).code == 0
    assert (tmp_path / "new/sub/file").read_text() == "outside\n"


def test_rules_of_docker_for_where_things_go(box: Tiffin, outside: Path, tmp_path: Path) -> None:
    assert box.call("cp", outside / "sub/file", "box:/tmp/other").code == 0
    assert box.call("exec", "box", "cat", "/tmp/other").out == "outside\n"
    assert box.call("cp", "box:/tmp/other", tmp_path).code == 0
    assert (tmp_path / "other").read_text() == "outside\n"
    assert "there is no folder" in box.call("cp", outside / "sub/file", "box:/none/").err
    assert "there is no box:/none" in box.call("cp", "box:/none", tmp_path).err
    assert "cannot replace a file" in box.call("cp", outside, "box:/etc/passwd").err
    both = box.call("cp", "box:/a", "box:/b")
    assert "exactly one of both" in both.err


def test_where_nothing_can_be_made_the_target_is_named(box: Tiffin, tmp_path: Path) -> None:
    (tmp_path / "given").write_text("x")
    done = box.call("cp", tmp_path / "given", "box:/proc/new")
    assert (done.code, done.err) == (
        1,
        "tiffin cp: box:/proc/new cannot be made: No such file or directory\n",
    )


def test_a_tree_goes_out_as_an_archive_and_in_again(box: Tiffin) -> None:
    script = "mkdir -p /a/b /c; echo inside >/a/b/f; chown 7:8 /a/b/f; chmod 4711 /a/b/f; ln -s /etc /a/l"
    assert box.call("exec", "box", "sh", "-c", script).code == 0
    for flags, owners in (((), "0 0"), (("-a",), "7 8")):
        command = " ".join(map(shlex.quote, (str(PROGRAM), "cp", *flags)))
        both = f"{command} box:/a - | {command} - box:/c"
        done = subprocess.run(
            ["sh", "-c", both], env=box.environment, capture_output=True, timeout=SECONDS, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        seen = box.call(
            "exec", "box", "sh", "-c", "stat -c '%u %g %a' /c/a/b/f; readlink /c/a/l; cat /c/a/b/f"
        )
        assert seen.lines == [f"{owners} 4711", "/etc", "inside"]


def test_the_whole_root_as_an_archive(box: Tiffin, tmp_path: Path) -> None:
    with (tmp_path / "tar").open("wb") as file:
        subprocess.run(
            [PROGRAM, "cp", "box:/", "-"], env=box.environment, stdout=file, timeout=SECONDS, check=True
        )
    with tarfile.open(tmp_path / "tar") as archive:
        names = archive.getnames()
    assert {".", "./proc", "./sys", "./dev", "./etc/passwd", "./data/sub/two"} <= set(names)
    assert [name for name in names if name.startswith(("./proc/", "./sys/"))] == []


def test_links_of_a_container_lead_nowhere_outside(box: Tiffin, outside: Path, tmp_path: Path) -> None:
    """An absolute link, and one with many `..`, as the folder that is copied to and from."""
    target = f"{tmp_path}/trap"
    os.mkdir(target)
    script = f"mkdir -p {target} /up; echo inside >{target}/mine; ln -s {target} /l; ln -s ../../../../..{target} /up/l"
    assert box.call("exec", "box", "sh", "-c", script).code == 0
    for link in ("/l", "/up/l"):
        assert box.call("cp", outside / "sub/file", f"box:{link}/").code == 0
        assert os.listdir(target) == []
        assert box.call("cp", f"box:{link}/mine", tmp_path / "out").code == 0
        assert (tmp_path / "out").read_text() == "inside\n"
    assert box.call("exec", "box", "cat", f"{target}/file").out == "outside\n"
