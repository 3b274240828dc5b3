"""Mounts: the defaults, -v, --mount, --tmpfs, the image's volumes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.build import Built

Build = Callable[..., Built]
FILES = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"]
DEFAULTS = ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"]


def at(built: Built, place: str) -> dict[str, Any]:
    """The only mount at a place."""
    (mount,) = [dict(mount) for mount in built.config["mounts"] if mount["destination"] == place]
    return mount


def test_defaults_come_first(build: Build) -> None:
    assert [mount["destination"] for mount in build().config["mounts"]] == [*DEFAULTS, *FILES]
    assert build().config["root"] == {"path": "rootfs", "readonly": False}
    assert build("--read-only").config["root"]["readonly"] is True


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ("", ["rbind", "rprivate"]),
        (":ro", ["rbind", "ro", "rprivate"]),
        (":rw,z", ["rbind", "rprivate"]),
        (":ro,rslave,nosuid", ["rbind", "ro", "rslave", "nosuid"]),
        (":bind", ["bind", "rprivate"]),
    ],
)
def test_volume_of_a_path(build: Build, tmp_path: Path, options: str, result: list[str]) -> None:
    built = build(f"--volume={tmp_path}:/a/b/{options}")
    assert at(built, "/a/b") == {
        "destination": "/a/b", "type": "bind", "source": str(tmp_path), "options": result,
    }  # fmt: skip


def test_relative_path(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert at(build("-v", ".:/a"), "/a")["source"] == str(tmp_path)
    assert at(build("--mount=type=bind,src=./rootfs,dst=/a"), "/a")["source"] == f"{tmp_path}/rootfs"


def test_named_and_anonymous_volumes(build: Build, tmp_path: Path) -> None:
    built = build("-v", "name:/a:nocopy", "-v", "/b/c")
    named, anonymous = built.volumes
    assert (named.source, named.target, named.managed, named.copy) == (
        f"{tmp_path}/volumes/name",
        "/a",
        True,
        False,
    )
    assert anonymous.source == f"{tmp_path}/box/volumes/b%2Fc"
    assert anonymous.copy


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("type=bind,source={},target=/a", ["rbind", "rprivate"]),
        ("type=bind,src={},dst=/a,ro", ["rbind", "ro", "rprivate"]),
        ("type=bind,src={},destination=/a,readonly=true", ["rbind", "ro", "rprivate"]),
        ("type=bind,src={},destination=/a,readonly=True", ["rbind", "ro", "rprivate"]),
        ("type=bind,src={},dst=/a,readonly=false", ["rbind", "rprivate"]),
        ("type=bind,src={},dst=/a,bind-propagation=rshared", ["rbind", "rshared"]),
        ("type=bind,src={},dst=/a,bind-nonrecursive", ["bind", "rprivate"]),
    ],
)
def test_mount_of_a_path(build: Build, tmp_path: Path, text: str, options: list[str]) -> None:
    assert at(build("--mount", text.format(tmp_path)), "/a")["options"] == options


def test_mount_of_a_volume(build: Build, tmp_path: Path) -> None:
    assert at(build("--mount=type=volume,src=name,dst=/a"), "/a")["source"] == f"{tmp_path}/volumes/name"
    assert at(build("--mount=dst=/a"), "/a")["source"] == f"{tmp_path}/box/volumes/a"


@pytest.mark.parametrize(
    ("flag", "options"),
    [
        ("--tmpfs=/a", ["nosuid", "nodev", "noexec"]),
        ("--tmpfs=/a:size=1m,exec", ["nosuid", "nodev", "size=1m"]),
        ("--tmpfs=/a:ro,noexec", ["nosuid", "nodev", "ro", "noexec"]),
        ("--mount=type=tmpfs,dst=/a,tmpfs-size=1k", ["nosuid", "nodev", "noexec", "size=1024"]),
        ("--mount=type=tmpfs,dst=/a,tmpfs-mode=700", ["nosuid", "nodev", "noexec", "mode=700"]),
        ("--mount=type=tmpfs,dst=/a,ro", ["nosuid", "nodev", "noexec", "ro"]),
    ],
)  # fmt: skip
def test_tmpfs(build: Build, flag: str, options: list[str]) -> None:
    assert at(build(flag), "/a") == {
        "destination": "/a", "type": "tmpfs", "source": "tmpfs", "options": options,
    }  # fmt: skip


def test_volumes_of_the_image_unless_something_else_is_there(build: Build, tmp_path: Path) -> None:
    image: dict[str, object] = {"Volumes": {"/one": {}, "/two": {}}}
    built = build("--tmpfs=/two", image=image)
    assert at(built, "/one")["source"] == f"{tmp_path}/box/volumes/one"
    assert at(built, "/two")["type"] == "tmpfs"
    assert [volume.target for volume in built.volumes] == ["/one"]


def test_what_lies_deeper_is_mounted_later(build: Build) -> None:
    built = build("--tmpfs=/a/b", "--tmpfs=/a")
    places = [mount["destination"] for mount in built.config["mounts"]]
    assert places.index("/a") < places.index("/a/b")


def test_a_default_gives_way(build: Build) -> None:
    assert at(build("--tmpfs=/dev/shm:size=1g"), "/dev/shm")["options"][-1] == "size=1g"
    assert at(build("--tmpfs=/etc/hosts"), "/etc/hosts")["type"] == "tmpfs"
    assert at(build("--shm-size=2g"), "/dev/shm")["options"][-1] == "size=2147483648"


def test_without_root(build: Build) -> None:
    assert "gid=5" not in at(build(rootless=True), "/dev/pts")["options"]
    assert at(build("--network=host", rootless=True), "/sys")["options"] == [
        "rbind",
        "nosuid",
        "noexec",
        "nodev",
        "ro",
    ]
    assert at(build("--pid=host", rootless=True), "/proc")["type"] == "bind"


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["-v", "/no/such/thing:/a"], "there is nothing at '/no/such/thing'"),
        (["-v", "/tmp:relative"], "no place to mount at"),
        (["-v", "/tmp:/"], "no place to mount at"),
        (["-v", "/tmp:/a:strange"], "unknown option 'strange'"),
        (["-v", "/tmp:/a:ro:x"], "no SOURCE:TARGET"),
        (["-v", "bad name:/a"], "neither a path"),
        (["--mount=type=bind,src=/tmp,dst=/a,strange=1"], "unknown key 'strange'"),
        (["--mount=type=npipe"], "bind, volume or tmpfs"),
        (["--mount=type=bind,src=/tmp,dst=/a,readonly=yes"], "readonly is true or false, not 'yes'"),
        (["--mount=type=bind,src=/tmp,dst=/a,bind-propagation=strange"], "no propagation 'strange'"),
        (["--mount=type=bind,src=name,dst=/a"], "must be a path"),
        (["--mount=type=bind,src=/tmp"], "no place to mount at"),
        (["--tmpfs=/a", "-v", "/tmp:/a"], "'/a' is mounted twice"),
        (["--shm-size=x"], "--shm-size"),
    ],
)
def test_mistakes(build: Build, flags: list[str], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        build(*flags)
    assert text in str(caught.value)
