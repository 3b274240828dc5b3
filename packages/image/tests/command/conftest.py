"""The program itself with a home and a store of its own, real registries, and an image to begin with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tiffin.image.digest import digest_of
from tiffin.image.writing import write_layout
from tiffin_testing.images import directory, file, tar
from tiffin_testing.registry import Certificates, Registry, make_certificates, running_registry

PROGRAM = str(Path(sys.executable).with_name("tiffin-image"))
SECONDS = 60
LAYERS = (tar(directory("etc/"), file("etc/x", b"one" * 1000)), tar(file("etc/y", b"two")))
CONFIG = {"Cmd": ["/bin/sh"], "Env": ["A=b"], "Labels": {"team": "x"}}

Done = subprocess.CompletedProcess[str]


class Program:
    """Runs `tiffin-image` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "TIFFIN_ROOT": str(folder / "store"),
        }
        for name in ("home", "run"):
            (folder / name).mkdir()

    def try_(self, *words: str | Path, given: str = "") -> Done:
        """Whatever comes of it."""
        command = [PROGRAM, *map(str, words)]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def __call__(self, *words: str | Path, given: str = "") -> str:
        """What it printed; a failure is one of the test."""
        done = self.try_(*words, given=given)
        assert done.returncode == 0, f"{words}: exit code {done.returncode}: {done.stderr}"
        return done.stdout

    def fails(self, *words: str | Path, given: str = "") -> tuple[int, str]:
        """The exit code, which is not 0, and what stood on stderr."""
        done = self.try_(*words, given=given)
        assert done.returncode != 0, f"{words}: {done.stdout}"
        return done.returncode, done.stderr


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def original(tmp_path: Path) -> str:
    """A layout with one image of two layers."""
    write_layout(str(tmp_path / "original"), LAYERS, CONFIG, "1")
    return f"oci:{tmp_path / 'original'}:1"


@pytest.fixture
def several(tmp_path: Path) -> str:
    """A layout with an index of two platforms, one of them this machine's."""
    from tiffin.image.digest import digest_of
    from tiffin.image.platforms import host_platform
    from tiffin.image.writing import write_blob, write_index
    from tiffin.spec.json_tree import encode

    folder = tmp_path / "several"
    write_layout(str(folder), LAYERS, CONFIG, "1")
    index = json.loads((folder / "index.json").read_text())
    mine = index["manifests"][0]
    path = folder / "blobs/sha256" / mine["digest"].partition(":")[2]
    manifest = json.loads(path.read_text())
    config = json.loads(
        (folder / "blobs/sha256" / manifest["config"]["digest"].partition(":")[2]).read_text()
    )
    other = encode({**config, "architecture": "s390x"}).encode()
    changed = encode({**manifest, "config": write_blob(str(folder), other, manifest["config"]["mediaType"])})
    theirs = write_blob(str(folder), changed.encode(), mine["mediaType"])
    platform = host_platform()
    tree = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {**theirs, "platform": {"os": "linux", "architecture": "s390x"}},
            {
                "mediaType": mine["mediaType"], "digest": mine["digest"], "size": mine["size"],
                "platform": {"os": platform.os, "architecture": platform.architecture},
            },
        ],
    }  # fmt: skip
    entry = write_blob(str(folder), encode(tree).encode(), tree["mediaType"])  # type: ignore[arg-type]
    assert digest_of(encode(tree).encode()) == entry["digest"]
    write_index(str(folder), [{**entry, "annotations": {"org.opencontainers.image.ref.name": "1"}}])
    return f"oci:{folder}:1"


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Plain HTTP, for everybody."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Registry]:
    """TLS by an authority of its own, with a password."""
    folder = tmp_path_factory.mktemp("guarded")
    with running_registry(folder, certificates=certificates, passwords=True) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def trusted(certificates: Certificates, tmp_path: Path) -> Path:
    """A folder for --cert-dir."""
    folder = tmp_path / "trusted"
    folder.mkdir()
    shutil.copy(certificates.authority, folder / "ca.crt")
    return folder


def skopeo(*words: str) -> str:
    command = ["skopeo", "--insecure-policy", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS).stdout


@pytest.fixture
def pulled(program: Program, registry: Registry, original: str, tmp_path: Path) -> str:
    """The name of an image of the store, which was pulled."""
    name = f"{registry.address}/store/{digest_of(str(tmp_path).encode())[7:19]}:1"
    program("copy", "-q", original, f"docker://{name}")
    program("pull", "-q", name)
    return name


def listed(program: Program) -> list[dict[str, Any]]:
    """The images of the store, as `list --json` has them."""
    found = json.loads(program("list", "--json"))
    assert isinstance(found, list)
    return found


def names(program: Program) -> list[str]:
    """Their names."""
    return program("list", "--quiet").splitlines()
