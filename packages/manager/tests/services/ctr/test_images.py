"""`ctr images`: imported, exported, checked, tagged, mounted, pulled and pushed, on both daemons."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.manager.tests.services.ctr.conftest import NAME
from packages.manager.tests.services.ctr.test_scripts import rows

from tiffin_testing.registry import Registry

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

pytestmark = [
    pytest.mark.tier("interop"),
    pytest.mark.requires("root", "containerd", "ctr", "overlayfs", "busybox"),
]
SNAPSHOTTERS = ("native", "overlayfs")


def imported(daemon: Daemon, archive: Path, *words: str) -> None:
    daemon.ctr("images", "import", "--base-name", "example.test/team/app", *words, archive)


def names(daemon: Daemon) -> list[str]:
    return daemon.ctr("images", "ls", "--quiet").split()


@pytest.mark.parametrize("snapshotter", SNAPSHOTTERS)
def test_an_image_is_imported_and_checked(daemon: Daemon, archive: Path, snapshotter: str) -> None:
    imported(daemon, archive, "--snapshotter", snapshotter)
    assert names(daemon) == [NAME]
    (row,) = rows(daemon.ctr("images", "check", "--snapshotter", snapshotter))
    assert (row[0], row[3:5], row[-1]) == (NAME, ["complete", "(4/4)"], "true")
    (listed,) = rows(daemon.ctr("images", "ls"))
    assert listed[:2] == [NAME, "application/vnd.oci.image.manifest.v1+json"]
    assert "linux/amd64" in listed
    snapshots = rows(daemon.ctr("snapshots", "--snapshotter", snapshotter, "ls"))
    assert [row[-1] for row in snapshots] == ["Committed"] * 3
    assert daemon.ctr("leases", "ls", "--quiet") == ""


@pytest.mark.parametrize("snapshotter", SNAPSHOTTERS)
def test_an_image_is_mounted(daemon: Daemon, archive: Path, snapshotter: str, tmp_path: Path) -> None:
    imported(daemon, archive, "--snapshotter", snapshotter)
    place = tmp_path / "tree"
    place.mkdir()
    daemon.ctr("images", "mount", "--snapshotter", snapshotter, NAME, place)
    try:
        assert (place / "etc/motd").read_bytes() == b"hello"
        assert [path.name for path in (place / "data").iterdir()] == ["y"]
        assert (place / "bin/true").is_symlink()
    finally:
        daemon.ctr("images", "unmount", "--rm", "--snapshotter", snapshotter, place)
    assert len(rows(daemon.ctr("snapshots", "--snapshotter", snapshotter, "ls"))) == 3


def test_an_image_is_exported(daemon: Daemon, archive: Path, tmp_path: Path) -> None:
    imported(daemon, archive, "--no-unpack")
    out = tmp_path / "out.tar"
    daemon.ctr("images", "export", out, NAME)
    with tarfile.open(out) as made:
        index = json.load(made.extractfile("index.json") or pytest.fail("no index"))
        assert index["manifests"][0]["annotations"]["io.containerd.image.name"] == NAME
        assert len([name for name in made.getnames() if name.startswith("blobs/sha256/")]) == 5
    other = daemon.fresh()
    other.ctr("images", "import", out)
    assert names(other) == [NAME]


def test_images_are_tagged_labelled_and_removed(daemon: Daemon, archive: Path) -> None:
    imported(daemon, archive, "--no-unpack")
    daemon.ctr("images", "tag", NAME, "example.test/other:2")
    assert names(daemon) == ["example.test/other:2", NAME]
    assert "already exists" in daemon.refused("images", "tag", NAME, "example.test/other:2")
    daemon.ctr("images", "tag", "--force", NAME, "example.test/other:2")
    assert daemon.ctr("images", "label", NAME, "color=blue").strip() == "color=blue"
    assert daemon.ctr("images", "ls", "--quiet", "labels.color==blue").split() == [NAME]
    daemon.ctr("images", "rm", "--sync", NAME)
    assert names(daemon) == ["example.test/other:2"]
    assert len(daemon.ctr("content", "ls", "--quiet").split()) == 5
    daemon.ctr("images", "rm", "--sync", "example.test/other:2")
    assert daemon.ctr("content", "ls", "--quiet").split() == []


@pytest.mark.requires("docker-registry", "skopeo")
@pytest.mark.parametrize("snapshotter", SNAPSHOTTERS)
def test_an_image_is_pulled_and_pushed(daemon: Daemon, registry: Registry, snapshotter: str) -> None:
    """The client fetches, and unpacks by the services of content, snapshots and diffs."""
    name = f"{registry.address}/team/app:1"
    daemon.ctr("images", "pull", "--plain-http", "--snapshotter", snapshotter, name)
    (row,) = rows(daemon.ctr("images", "check", "--snapshotter", snapshotter))
    assert (row[0], row[3:5], row[-1]) == (name, ["complete", "(4/4)"], "true")
    daemon.ctr("images", "rm", "--sync", name)
    assert rows(daemon.ctr("snapshots", "--snapshotter", snapshotter, "ls")) == []
    assert daemon.ctr("content", "ls", "--quiet").split() == []
    daemon.ctr("content", "fetch", "--plain-http", name)
    target = f"{registry.address}/by-{daemon.name}/{snapshotter}:1"
    daemon.ctr("images", "push", "--plain-http", target, name)
    other = daemon.fresh()
    other.ctr("images", "pull", "--plain-http", "--snapshotter", snapshotter, target)
    assert names(other) == [target]


def test_a_container_is_made_of_an_image(daemon: Daemon, archive: Path) -> None:
    imported(daemon, archive, "--snapshotter", "overlayfs")
    daemon.ctr("containers", "create", "--snapshotter", "overlayfs", NAME, "one", "true")
    assert rows(daemon.ctr("containers", "ls")) == [["one", NAME, "io.containerd.runc.v2"]]
    shown = json.loads(daemon.ctr("containers", "info", "one"))
    assert (shown["Image"], shown["Snapshotter"], shown["SnapshotKey"]) == (NAME, "overlayfs", "one")
    assert shown["Spec"]["process"]["args"] == ["true"]
    daemon.ctr("images", "rm", "--sync", NAME)
    kinds = [row[-1] for row in rows(daemon.ctr("snapshots", "--snapshotter", "overlayfs", "ls"))]
    assert sorted(kinds) == ["Active", "Committed", "Committed", "Committed"]
    daemon.ctr("containers", "rm", "one")
    daemon.ctr("leases", "create", "--id", "x")
    daemon.ctr("leases", "rm", "--sync", "x")
    assert rows(daemon.ctr("snapshots", "--snapshotter", "overlayfs", "ls")) == []
