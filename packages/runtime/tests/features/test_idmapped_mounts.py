"""Mounts with idmap and ridmap: who owns the files that a container sees."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.runtime.tests.features.subject import (
    FIRST_HOST_ID,
    MAPPING,
    Config,
    Subject,
    bind,
    user_namespace,
    with_mounts,
)

pytestmark = pytest.mark.requires("root", "idmapped_mounts")

OWN = [{"containerID": 0, "hostID": 5000, "size": 10}]
OWNERS = "stat -c %u:%g /mnt/root /mnt/three"
PREPARED = (
    "mount -t tmpfs tmpfs {0} && mkdir {0}/below && mount -t tmpfs tmpfs {0}/below && "
    "touch {0}/one {0}/below/two"
)


@pytest.fixture(params=["ext4", "tmpfs"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder with files of users 0 and 3, on the file system of temporary files and on a tmpfs."""
    parent = tmp_path if request.param == "ext4" else Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=parent))
    folder.chmod(0o777)
    for name, owner in (("root", 0), ("three", 3)):
        (folder / name).touch()
        os.chown(folder / name, owner, owner)
    yield folder
    shutil.rmtree(folder)


def mapped(source: Path, *options: str, **more: object) -> Config:
    return {"mounts": with_mounts(bind(source, "/mnt", *options, **more))}


def test_own_mappings_without_a_user_namespace(subject: Subject, files: Path) -> None:
    mappings = [{"containerID": 0, "hostID": 70, "size": 10}]
    config = mapped(files, "bind", "idmap", uidMappings=mappings, gidMappings=mappings)
    assert subject.output(config, OWNERS).split() == ["70:70", "73:73"]


def test_the_mappings_of_the_containers_user_namespace_are_the_default(subject: Subject, files: Path) -> None:
    config = {"linux": user_namespace(), **mapped(files, "bind", "idmap")}
    script = f"{OWNERS}; touch /mnt/new"
    assert subject.output(config, script).split() == ["0:0", "3:3"]
    assert (files / "new").stat().st_uid == 0


def test_without_idmap_the_same_files_are_nobodys(subject: Subject, files: Path) -> None:
    config = {"linux": user_namespace(), **mapped(files, "bind")}
    assert subject.output(config, OWNERS).split() == ["65534:65534", "65534:65534"]


def test_own_mappings_in_a_user_namespace(subject: Subject, files: Path) -> None:
    mappings = [{"containerID": 0, "hostID": FIRST_HOST_ID + 8, "size": 10}]
    config = {"linux": user_namespace()} | mapped(
        files, "bind", "idmap", uidMappings=mappings, gidMappings=mappings
    )
    assert subject.output(config, OWNERS).split() == ["8:8", "11:11"]


def test_an_idmapped_mount_can_be_read_only(subject: Subject, files: Path) -> None:
    config = mapped(files, "bind", "idmap", "ro", uidMappings=OWN, gidMappings=OWN)
    assert "Read-only" in subject.run(config, "touch /mnt/new").stderr


def recursive(subject: Subject, option: str) -> list[str]:
    """The owners of two files of root, one of them on a mount below."""
    folder = subject.folder / "tree"
    folder.mkdir()
    config = mapped(folder, "rbind", option, uidMappings=OWN, gidMappings=OWN)
    inside = subject.in_own_mounts(PREPARED.format(folder))
    return inside.output(config, "stat -c %u /mnt/one /mnt/below/two").split()


def test_ridmap_maps_mounts_below(subject: Subject) -> None:
    assert recursive(subject, "ridmap") == ["5000", "5000"]


def test_idmap_leaves_mounts_below_alone(subject: Subject) -> None:
    assert recursive(subject, "idmap") == ["5000", "0"]


def test_a_file_system_without_support_is_refused_and_named(subject: Subject) -> None:
    refused = subject.refusal(mapped(Path("/sys/kernel"), "bind", "idmap", uidMappings=OWN, gidMappings=OWN))
    assert "/sys/kernel" in refused
    assert "invalid argument" in refused
    assert f"mounts[{len(with_mounts())}]" in refused


@pytest.mark.parametrize("options", [["idmap"], ["ridmap"]])
def test_only_a_bind_can_be_idmapped(subject: Subject, options: list[str]) -> None:
    mount = {"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": options}
    refused = subject.refusal(
        {"mounts": with_mounts({**mount, "uidMappings": MAPPING, "gidMappings": MAPPING})}
    )
    assert f"mounts[{len(with_mounts())}]" in refused


def test_the_mappings_of_a_user_namespace_that_is_joined(subject: Subject, files: Path) -> None:
    with subject.running({"linux": user_namespace()}) as pid:
        kinds = [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount", "cgroup")]
        joined = {"namespaces": [*kinds, {"type": "user", "path": f"/proc/{pid}/ns/user"}]}
        config = {"linux": joined, **mapped(files, "bind", "idmap")}
        bundle = subject.make(config, ["sh", "-c", OWNERS])
        outcome = subject.runtime.run(f"{subject.container}-b", bundle)
        assert outcome.must_succeed().stdout.split() == ["0:0", "3:3"]
