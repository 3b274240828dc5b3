"""The verbs on the local store as an ordinary user: in a user namespace, as `tiffin run` is."""

from __future__ import annotations

import json
import os
import tarfile

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


@pytest.mark.parametrize("place", ["app", "oci:busybox:latest"])
def test_a_bundle_belongs_to_the_caller_from_any_place_to_any_place(
    place: str, program: Program, image: str
) -> None:
    """A store is read and written as who we are: in its user namespace files would seem to be of another owner."""
    program("unpack", place, "bundle")
    linux = json.loads((program.folder / "bundle/config.json").read_text())["linux"]
    assert linux["uidMappings"] == [{"containerID": 0, "hostID": os.getuid(), "size": 1}]
    assert linux["gidMappings"] == [{"containerID": 0, "hostID": os.getgid(), "size": 1}]
    assert (program.folder / "bundle/rootfs/d/f").stat().st_uid == os.getuid()
    (program.folder / "bundle/rootfs/new").write_text("x")
    (program.folder / "bundle/rootfs/d/f").write_text("changed")
    for destination in ("made", "oci:made:1"):
        program("repack", "-q", "--source-date-epoch", "1", "bundle", destination)
    assert program("digest", "made") == program("digest", "oci:made:1")
    layer = json.loads(program("inspect", "made"))["Layers"][-1]
    with tarfile.open(program.folder / "made/blobs/sha256" / layer.partition(":")[2]) as archive:
        made = {one.name: (one.uid, one.gid) for one in archive}
    assert {name: made[name] for name in made if name != "."} == {
        "d": (7, 8), "d/f": (7, 8), "new": (0, 0),
    }  # fmt: skip
    program("remove", "--all")


def test_id_maps_that_would_be_ignored_are_refused(program: Program) -> None:
    busybox_image(program.folder / "busybox")
    code, text = program.fails(
        "unpack", "--uid-map", "0:5:1", "--gid-map", "0:5:1", "oci:busybox:latest", "bundle"
    )
    assert code == 64
    assert f"{os.getuid()}:{os.getgid()}" in text
    own = ("--uid-map", f"0:{os.getuid()}:1", "--gid-map", f"0:{os.getgid()}:1")
    program("unpack", *own, "oci:busybox:latest", "bundle")
