"""Images for scripts of `ctr`: an archive, and a registry that has the same image."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiffin_testing.images import busybox_image, directory, file, tar, whiteout
from tiffin_testing.registry import Registry, running_registry

NAME = "example.test/team/app:1"
LAYERS = (
    tar(file("etc/motd", b"hello"), directory("data/"), file("data/x", b"x")),
    tar(whiteout("data/x"), file("data/y", b"y" * 5000)),
)


@pytest.fixture(scope="session")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An OCI layout with an image of three layers, under the tag 1."""
    return busybox_image(tmp_path_factory.mktemp("image") / "layout", *LAYERS, tag="1", Cmd=["/bin/true"])


@pytest.fixture(scope="session")
def archive(layout: Path) -> Path:
    """The same as one file, as `ctr images import` wants it."""
    path = layout.parent / "image.tar"
    with tarfile.open(path, "w") as made:
        for part in sorted(layout.iterdir()):
            made.add(part, part.name)
    return path


@pytest.fixture(scope="session")
def registry(layout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Debian's docker-registry, plain HTTP, with the image as team/app:1."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(folder) as running:
        target = f"docker://{running.address}/team/app:1"
        command = ["skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}:1", target]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        yield running
    shutil.rmtree(folder, ignore_errors=True)
