"""App container images that are broken, or made to do harm: a clear error, and nothing is left anywhere."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.aci.conftest import COMPRESSIONS, Layout, aci, manifest, rootfs

from tiffin.image.aci import importing, layer
from tiffin.image.aci.survey import survey as surveyed
from tiffin.image.errors import DigestMismatch, InvalidImage
from tiffin.image.layers.limits import Limits
from tiffin_testing.images import directory, entry, file, hardlink, symlink, tar

FREE = 64 * 1024**2

MANIFEST = manifest()
TOP = [file("manifest", MANIFEST), directory("rootfs")]

ARCHIVES = {
    "nothing": b"",
    "no archive": b"hello" * 1000,
    "an empty archive": tar(),
    "no manifest": tar(directory("rootfs"), file("rootfs/f")),
    "no rootfs": tar(file("manifest", MANIFEST)),
    "two manifests": tar(*TOP, file("./manifest", MANIFEST)),
    "a manifest of 10 MB": tar(file("manifest", MANIFEST + b" " * 10_000_000), directory("rootfs")),
    "a manifest that is a link": tar(symlink("manifest", "/etc/passwd"), directory("rootfs")),
    "a manifest that is a hard link": tar(directory("rootfs"), hardlink("manifest", "/etc/passwd")),
    "a manifest that is a folder": tar(directory("manifest"), directory("rootfs")),
    "a manifest that is no JSON": tar(file("manifest", b"{"), directory("rootfs")),
    "a manifest that is a list": tar(file("manifest", b"[]"), directory("rootfs")),
    "a manifest that is too deep": tar(file("manifest", b"[" * 100_000), directory("rootfs")),
    "a manifest in latin-1": tar(file("manifest", MANIFEST.replace(b"app", b"\xe4")), directory("rootfs")),
    "a rootfs that is a link": tar(file("manifest", MANIFEST), symlink("rootfs", "/"), file("rootfs/f")),
    "a rootfs that is a file": tar(file("manifest", MANIFEST), file("rootfs")),
    "something beside them": tar(*TOP, file("etc/passwd")),
    "something like rootfs": tar(*TOP, file("rootfs2/f")),
    "dots out": tar(*TOP, file("rootfs/../../outside")),
    "dots that stay in": tar(*TOP, file("rootfs/a/../b")),
    "dots to the manifest": tar(*TOP, file("rootfs/../manifest")),
    "an absolute name": tar(*TOP, file("/etc/passwd")),
    "a file twice": tar(*TOP, file("rootfs/f"), file("rootfs//./f")),
    "a file and a folder": tar(*TOP, file("rootfs/f"), directory("rootfs/f")),
    "below a file": tar(*TOP, file("rootfs/f"), file("rootfs/f/g")),
    "below a link": tar(*TOP, symlink("rootfs/l", "/etc"), file("rootfs/l/passwd")),
    "far below a link that comes later": tar(*TOP, file("rootfs/l/a/b"), symlink("rootfs/l", "/etc")),
    "a hard link out": tar(*TOP, hardlink("rootfs/h", "/etc/passwd")),
    "a hard link out by dots": tar(*TOP, hardlink("rootfs/h", "rootfs/../../etc/passwd")),
    "a hard link to the manifest": tar(*TOP, hardlink("rootfs/h", "manifest")),
    "a hard link to nothing": tar(*TOP, hardlink("rootfs/h", "rootfs/f")),
    "a hard link forward": tar(*TOP, hardlink("rootfs/h", "rootfs/f"), file("rootfs/f")),
    "a hard link to itself": tar(*TOP, hardlink("rootfs/h", "rootfs/h")),
    "a hard link to a folder": tar(*TOP, directory("rootfs/d"), hardlink("rootfs/h", "rootfs/d")),
    "a hard link to the root": tar(*TOP, hardlink("rootfs/h", "rootfs")),
    "an unknown type": tar(*TOP, entry("rootfs/x", b"Z")),
    "a name of NUL": tar(*TOP, file("rootfs/f", pax={"path": "rootfs/a\0b"})),
    "a name of 5000 bytes": tar(*TOP, file("rootfs/" + "d/" * 2500)),
    "a cut archive": tar(*TOP, file("rootfs/f", b"x" * 5000))[:3000],
    "a damaged header": tar(*TOP, file("rootfs/f"))[:1100] + b"X" + tar(*TOP, file("rootfs/f"))[1101:],
    "a cut gzip": gzip.compress(tar(*TOP, file("rootfs/f", bytes(range(256)) * 100)))[:-20],
    "a cut bzip2": bz2.compress(tar(*TOP, file("rootfs/f", bytes(range(256)) * 100)))[:-20],
    "a cut xz": lzma.compress(tar(*TOP, file("rootfs/f", bytes(range(256)) * 100)))[:-20],
    "garbage after gzip": gzip.compress(tar(*TOP)) + b"garbage",
    "garbage after bzip2": bz2.compress(tar(*TOP)) + b"garbage",
    "garbage after xz": lzma.compress(tar(*TOP)) + b"garbage",
    "a broken bzip2": b"BZh9" + b"x" * 1000,
    "a broken xz": b"\xfd7zXZ\0" + b"x" * 1000,
    "an encrypted image": b"-----BEGIN PGP MESSAGE-----\n" * 100,
}  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
@pytest.mark.parametrize("is_dependency", [False, True])
def test_what_is_no_image_is_refused(
    case: str, layout: Layout, tmp_path: Path, *, is_dependency: bool
) -> None:
    hostile = tmp_path / "hostile.aci"
    hostile.write_bytes(ARCHIVES[case])
    app = aci(tmp_path / "app.aci", dependencies=[{"imageName": "example.com/app"}], name="top")
    before = sorted(tmp_path.rglob("*"))
    files = (app, hostile) if is_dependency else (hostile,)
    with pytest.raises(InvalidImage, match=r"hostile\.aci"):
        layout.take(*files)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "xz"])
def test_a_bomb_ends_before_it_is_whole(compression: str, layout: Layout, tmp_path: Path) -> None:
    bomb = aci(tmp_path / "bomb.aci", file("zeros", bytes(FREE + (32 << 20))), compression=compression)
    with pytest.raises(InvalidImage, match=r"bomb\.aci.*100 times"):
        layout.take(bomb, limits=Limits(ratio=100, free=FREE))
    assert layout.is_empty()


@pytest.mark.parametrize("limits", [Limits(entries=3), Limits(size=3000)])
def test_limits(limits: Limits, layout: Layout, tmp_path: Path) -> None:
    entries = [file(f"f{number}", b"x" * 600) for number in range(3)]
    with pytest.raises(InvalidImage, match=r"app\.aci.*limit"):
        layout.take(aci(tmp_path / "app.aci", *entries), limits=limits)
    assert layout.is_empty()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_several_streams_and_zeros_are_one_archive(compression: str, layout: Layout, tmp_path: Path) -> None:
    compress: Callable[[bytes], bytes] = COMPRESSIONS[compression]
    data = tar(file("manifest", MANIFEST), *rootfs(file("f", b"x" * 5000)))
    zeros = bytes(1024) if compression != "plain" else b""
    parts = compress(data[:3000]) + compress(data[3000:])
    (tmp_path / "app.aci").write_bytes(parts + zeros)
    layout.take(tmp_path / "app.aci")
    assert b"x" * 5000 in layout.layers()[0]


def test_a_hole_of_gigabytes_is_not_written_first(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(size: int) -> Iterator[bytes]:
        raise AssertionError(f"{size} zeros were to be written")

    monkeypatch.setattr(layer, "_zeros", written)
    hole = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0"}
    bomb = aci(tmp_path / "bomb.aci", file("f", pax={**hole, "GNU.sparse.size": str(60 << 30)}))
    with pytest.raises(InvalidImage, match=r"bomb\.aci.*2000 times"):
        layout.take(bomb)
    assert layout.is_empty()


LONG = "/" + "a" * 5000


@pytest.mark.parametrize(
    "members",
    [
        {"pathWhitelist": [LONG]},
        {"app": {"exec": ["/a"], "user": LONG, "group": "0"}},
        {"app": {"exec": ["/a"], "user": "0", "group": LONG}},
    ],
)
def test_a_path_that_is_too_long(members: dict[str, Any], layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(InvalidImage, match=r"app\.aci.*more than 4095 bytes"):
        layout.take(aci(tmp_path / "app.aci", file("f"), **members))
    assert layout.is_empty()


def test_symbolic_links_stay_as_they_are(layout: Layout, tmp_path: Path) -> None:
    """Wherever they lead, they are resolved inside of the container."""
    layout.take(aci(tmp_path / "app.aci", symlink("l", "../../../etc/passwd"), symlink("m", "/etc/shadow")))
    assert b"../../../etc/passwd" in layout.layers()[0]


def test_a_file_that_changes_while_it_is_read(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = aci(tmp_path / "app.aci", file("f", b"one"))

    def changed(name: str, limits: Limits) -> object:
        found = surveyed(name, limits)
        aci(path, file("f", b"two"))
        return found

    monkeypatch.setattr(importing, "survey", changed)
    with pytest.raises(DigestMismatch, match="changed"):
        layout.take(path)
    assert layout.is_empty()


@pytest.mark.parametrize("is_dependency", [False, True])
def test_a_pipe_is_not_waited_for(layout: Layout, tmp_path: Path, *, is_dependency: bool) -> None:
    os.mkfifo(tmp_path / "pipe.aci")
    app = aci(tmp_path / "app.aci")
    with pytest.raises(InvalidImage, match=r"pipe\.aci.*no regular file"):
        layout.take(*((app, tmp_path) if is_dependency else (tmp_path / "pipe.aci",)))
    assert layout.is_empty()


def test_a_missing_file(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        layout.take(tmp_path / "none.aci")
    with pytest.raises(FileNotFoundError):
        layout.take(aci(tmp_path / "app.aci"), tmp_path / "none.aci")
