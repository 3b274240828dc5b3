"""The verbs on the local store as an ordinary user: in a user namespace, as `tiffin run` is."""

from __future__ import annotations

import os

import pytest
from packages.image.tests.command.conftest import Program

from tiffin_testing.images import busybox_image, directory, file, tar

pytestmark = [
    pytest.mark.requires("userns_rootless", "busybox"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]
needs_range = pytest.mark.requires("newuidmap", "subuid")
OTHERS = tar(directory("d/", uid=7, gid=8), file("d/f", b"x", uid=7, gid=8, mode=0o600))


@pytest.fixture
def image(program: Program) -> str:
    """An image of the store, with files of another user in it."""
    busybox_image(program.folder / "busybox", OTHERS)
    program("pull", "-q", "oci:busybox:latest", "--name", "app")
    return "docker.io/library/app:latest"


@needs_range
def test_files_of_others_come_and_go(program: Program, image: str) -> None:
    assert program("list", "-q").split() == [image]
    assert "A /d/f" in program("diff", "home", "app").splitlines()
    program("save", "-q", "-o", "saved.tar", "app")
    program("remove", "app")
    left = [path for path in (program.folder / "store/snapshotters").rglob("*") if path.is_file()]
    assert not left
    program("load", "-q", "-i", "saved.tar")
    assert program("list", "-q").split() == [image]
    program("remove", "--all")


@needs_range
def test_a_build_with_a_command(program: Program, image: str) -> None:
    folder = program.folder / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM app\nRUN id -u >/made && chown 7:8 /made\n")
    program("build", "-q", "-t", "built", "context")
    assert "A /made" in program("diff", "app", "built").splitlines()
    program("remove", "--all")


def test_what_is_written_elsewhere_belongs_to_the_caller(program: Program, image: str) -> None:
    program("copy", "-q", "app", "oci:out:1")
    program("save", "-q", "-o", "saved.tar", "app")
    for path in ("out/index.json", "saved.tar"):
        assert (program.folder / path).stat().st_uid == os.getuid()
    program("remove", "--all")


def test_a_mount_that_nobody_would_see_is_refused(program: Program, image: str) -> None:
    (program.folder / "here").mkdir()
    assert program.fails("mount", "app", "here")[0] == 7
    program("remove", "--all")


def test_places_outside_of_the_store_need_no_namespace(program: Program) -> None:
    busybox_image(program.folder / "busybox")
    program("copy", "-q", "oci:busybox:latest", "oci:copied:1")
    assert not (program.folder / "store").exists()
