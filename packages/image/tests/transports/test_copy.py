"""Copies between the transports: what skopeo reads of ours, and what we read of skopeo's, is the same image."""

from __future__ import annotations

import itertools
import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from tiffin.image.errors import DigestMismatch, NotFound
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports.opening import open_destination, open_source
from tiffin.image.writing import write_layout
from tiffin_testing.images import directory, file, symlink, tar

LAYERS = (
    tar(directory("etc/"), file("etc/x", b"one" * 1000), symlink("l", "etc/x")),
    tar(file("etc/y", b"two", mode=0o600)),
)
KINDS = ("oci", "oci-archive", "docker-archive", "dir")
PAIRS = list(itertools.product(KINDS, KINDS))
SKOPEO = ("skopeo", "--insecure-policy")


def name_of(kind: str, folder: Path, place: str) -> str:
    """The name of an image in a place of its own."""
    tag = "" if kind == "dir" else ":example.test/app:1" if kind == "docker-archive" else ":1"
    return f"{kind}:{folder / place}{tag}"


def copy(source: str, destination: str, options: CopyOptions | None = None) -> None:
    with ExitStack() as stack:
        place, demands = open_destination(destination, stack)
        copy_image(open_source(source, stack), place, demands.applied(options or CopyOptions(), destination))


def skopeo(*words: str) -> str:
    return subprocess.run([*SKOPEO, *words], check=True, capture_output=True, text=True, timeout=60).stdout


def config_seen_by_skopeo(name: str) -> object:
    """What does not depend on the format: platform, config, diff ids."""
    tree = json.loads(skopeo("inspect", "--config", name))
    return {key: tree.get(key) for key in ("architecture", "os", "config", "rootfs")}


@pytest.fixture
def original(tmp_path: Path) -> str:
    """A layout with one image of two layers."""
    write_layout(str(tmp_path / "original"), LAYERS, {"Cmd": ["/bin/sh"], "Env": ["A=b"]}, "1")
    return f"oci:{tmp_path / 'original'}:1"


@pytest.mark.requires("skopeo")
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_skopeo_reads_the_same_image_from_every_copy(
    first: str, second: str, original: str, tmp_path: Path
) -> None:
    middle, last = name_of(first, tmp_path, "middle"), name_of(second, tmp_path, "last")
    copy(original, middle)
    copy(middle, last)
    assert config_seen_by_skopeo(last) == config_seen_by_skopeo(original)


@pytest.mark.requires("skopeo")
@pytest.mark.parametrize("kind", KINDS)
def test_what_skopeo_wrote_is_read(kind: str, original: str, tmp_path: Path) -> None:
    written, back = name_of(kind, tmp_path, "written"), name_of("oci", tmp_path, "back")
    skopeo("copy", original, written)
    copy(written, back)
    assert config_seen_by_skopeo(back) == config_seen_by_skopeo(original)


@pytest.mark.requires("skopeo")
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_layers_are_compressed_anew(compression: str, original: str, tmp_path: Path) -> None:
    last = name_of("oci", tmp_path, "last")
    copy(original, last, CopyOptions(compression=compression))
    layers = json.loads(skopeo("inspect", "--raw", last))["layers"]
    assert [layer["mediaType"].rpartition("+")[2] for layer in layers] == [compression, compression]
    assert config_seen_by_skopeo(last) == config_seen_by_skopeo(original)


def test_a_copy_of_a_layout_keeps_the_digest(original: str, tmp_path: Path) -> None:
    last = name_of("oci", tmp_path, "last")
    copy(original, last)
    with ExitStack() as stack:
        found = [open_source(name, stack).resolve().digest for name in (original, last)]
    assert found[0] == found[1]


def test_a_damaged_blob_is_no_copy(original: str, tmp_path: Path) -> None:
    for path in (tmp_path / "original/blobs/sha256").iterdir():
        if path.stat().st_size > 1000:
            path.write_bytes(path.read_bytes()[:-1] + b"x")
    last = name_of("oci", tmp_path, "last")
    with pytest.raises(DigestMismatch):
        copy(original, last)
    with ExitStack() as stack, pytest.raises(NotFound):
        open_source(last, stack).resolve()
