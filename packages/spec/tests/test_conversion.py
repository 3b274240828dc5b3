"""An image's config becomes a container's, by the rules of conversion.md and of Docker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tiffin.spec.bundle import (
    AccountError,
    ContainerOptions,
    ConversionError,
    container_config,
    container_tree,
)
from tiffin.spec.image import Image
from tiffin.spec.model import from_tree
from tiffin.spec.runtime.capabilities import DEFAULT
from tiffin.spec.runtime.defaults import PATH
from tiffin.spec.runtime.validation import validate


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n")
    (tmp_path / "etc/group").write_text("web:x:33:\nlog:x:4:web\n")
    return tmp_path


def image(**members: Any) -> Image:
    tree = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": []},
        "config": {"Cmd": ["serve"], **members},
    }
    return from_tree(tree, Image)


@pytest.mark.parametrize(
    ("of_image", "options", "args"),
    [
        ({"Cmd": ["a", "b"]}, ContainerOptions(), ["a", "b"]),
        ({"Entrypoint": ["e"], "Cmd": ["a"]}, ContainerOptions(), ["e", "a"]),
        ({"Entrypoint": ["e"], "Cmd": None}, ContainerOptions(), ["e"]),
        ({"Entrypoint": ["e"], "Cmd": ["a"]}, ContainerOptions(args=["x"]), ["e", "x"]),
        ({"Entrypoint": ["e"], "Cmd": ["a"]}, ContainerOptions(entrypoint=["n"]), ["n"]),
        ({"Entrypoint": ["e"], "Cmd": ["a"]}, ContainerOptions(entrypoint=["n"], args=["x"]), ["n", "x"]),
        ({"Entrypoint": ["e"], "Cmd": ["a"]}, ContainerOptions(entrypoint=[], args=["x"]), ["x"]),
    ],
)
def test_command(rootfs: Path, of_image: Any, options: ContainerOptions, args: list[str]) -> None:
    assert container_tree(image(**of_image), rootfs, options)["process"]["args"] == args


@pytest.mark.parametrize("options", [ContainerOptions(entrypoint=[]), ContainerOptions()])
def test_no_command_is_an_error(rootfs: Path, options: ContainerOptions) -> None:
    with pytest.raises(ConversionError, match="Entrypoint nor Cmd"):
        container_tree(image(Cmd=None), rootfs, options)


def test_environment(rootfs: Path) -> None:
    options = ContainerOptions(env=["B=3", "C=4"], hostname="box", terminal=True)
    tree = container_tree(image(Env=["PATH=/x", "A=1", "B=2", "nonsense"]), rootfs, options)
    assert tree["process"]["env"] == [
        "PATH=/x",
        "A=1",
        "B=3",
        "C=4",
        "HOME=/root",
        "HOSTNAME=box",
        "TERM=xterm",
    ]
    assert container_tree(image(), rootfs)["process"]["env"] == [PATH, "HOME=/root"]


def test_user(rootfs: Path) -> None:
    process = container_tree(image(User="web"), rootfs)["process"]
    assert process["user"] == {"uid": 33, "gid": 33, "additionalGids": [33, 4]}
    assert process["capabilities"] == {"bounding": list(DEFAULT), "effective": [], "permitted": []}
    assert "HOME=/srv" in process["env"]
    root = container_tree(image(User="web"), rootfs, ContainerOptions(user="0"))["process"]
    assert root["user"] == {"uid": 0, "gid": 0, "additionalGids": [0]}
    assert root["capabilities"]["effective"] == list(DEFAULT)
    with pytest.raises(AccountError):
        container_tree(image(User="nobody"), rootfs)


@pytest.mark.parametrize(
    ("of_image", "wanted", "cwd"),
    [(None, "", "/"), ("", "", "/"), ("/srv", "", "/srv"), ("srv", "", "/srv"), ("/srv", "/x", "/x")],
)
def test_working_folder(rootfs: Path, of_image: str | None, wanted: str, cwd: str) -> None:
    options = ContainerOptions(working_folder=wanted)
    assert container_tree(image(WorkingDir=of_image), rootfs, options)["process"]["cwd"] == cwd


def test_volumes_are_mounts(rootfs: Path) -> None:
    options = ContainerOptions(volumes={"/data": "/host/data"})
    mounts = container_tree(image(Volumes={"/data": {}, "cache": {}}), rootfs, options)["mounts"]
    assert mounts[-2] == {
        "destination": "/data",
        "type": "bind",
        "source": "/host/data",
        "options": ["rbind", "rw"],
    }
    assert (mounts[-1]["destination"], mounts[-1]["type"]) == ("/cache", "tmpfs")
    assert "tmpcopyup" in mounts[-1]["options"]


def test_annotations_of_the_image_and_its_labels(rootfs: Path) -> None:
    given = image(StopSignal="SIGQUIT", ExposedPorts={"80/tcp": {}, "443/tcp": {}}, Labels={"a": "b"})
    given.author, given.created, given.variant = "Alyssa", "2015-10-31T22:22:56Z", "v2"
    assert container_tree(given, rootfs, ContainerOptions(labels={"c": "d"}))["annotations"] == {
        "org.opencontainers.image.os": "linux",
        "org.opencontainers.image.architecture": "amd64",
        "org.opencontainers.image.variant": "v2",
        "org.opencontainers.image.author": "Alyssa",
        "org.opencontainers.image.created": "2015-10-31T22:22:56Z",
        "org.opencontainers.image.stopSignal": "SIGQUIT",
        "org.opencontainers.image.exposedPorts": "443/tcp,80/tcp",
        "a": "b",
        "c": "d",
    }
    labelled = image(Labels={"org.opencontainers.image.os": "plan9"})
    assert container_tree(labelled, rootfs)["annotations"]["org.opencontainers.image.os"] == "plan9"


def test_the_profile_fits_the_capabilities(rootfs: Path) -> None:
    plain = container_tree(image(), rootfs)["linux"]["seccomp"]
    mighty = container_tree(image(), rootfs, ContainerOptions(capabilities=["CAP_SYS_ADMIN"]))["linux"][
        "seccomp"
    ]
    assert "mount" not in plain["syscalls"][0]["names"]
    assert "mount" in mighty["syscalls"][0]["names"]
    assert "seccomp" not in container_tree(image(), rootfs, ContainerOptions(seccomp=False))["linux"]
    other = container_tree(image(), rootfs, ContainerOptions(machine="s390x"))["linux"]["seccomp"]
    assert other["architectures"][0] == "SCMP_ARCH_S390X"


def test_the_result_is_sound_and_typed(rootfs: Path) -> None:
    given = image(User="web", Volumes={"/data": {}}, Env=["A=1"])
    options = ContainerOptions(hostname="box", readonly=True, terminal=True)
    assert validate(container_tree(given, rootfs, options)) == []
    config = container_config(given, rootfs, options)
    assert config.root is not None
    assert (config.root.path, config.root.readonly) == (os.fspath(rootfs), True)
    assert config.hostname == "box"


def test_an_image_without_config(rootfs: Path) -> None:
    bare = image()
    bare.config = None
    assert container_tree(bare, rootfs, ContainerOptions(args=["sh"]))["process"]["args"] == ["sh"]
