"""Imported app container images: their layers, and what skopeo, umoci and a runtime make of them."""

from __future__ import annotations

import copy
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.aci.conftest import COMPRESSIONS, Layout, aci, manifest

from tiffin.image.aci import import_aci
from tiffin.image.errors import InvalidImage
from tiffin.image.layers.limits import Limits
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports import open_image
from tiffin.image.transports.opening import open_destination
from tiffin.image.unpack import unpack
from tiffin_testing.bundle import Bundle
from tiffin_testing.images import directory, entry, file, hardlink, symlink
from tiffin_testing.oci_runtime import OCIRuntime
from tiffin_testing.rootfs import BUSYBOX

XATTR = "SCHILY.xattr.user.note"
LONG = "d" * 90 + "/" + "é" * 60
ENTRIES = [
    directory("etc", mode=0o750, uid=5, gid=6),
    file("etc/passwd", b"root:x:0:0::/:/bin/sh\n", mode=0o600, mtime=1_400_000_000),
    file("etc/times", b"x", pax={"mtime": "1400000000.123456789", XATTR: "hello"}),
    symlink("sh", "/bin/busybox"),
    hardlink("etc/again", "etc/passwd"),
    file(LONG, b"y" * 1000, uid=3_000_000),
    entry("pipe", tarfile.FIFOTYPE),
]


def contents(layer: bytes) -> dict[str, tuple[object, ...]]:
    """What Python's tarfile reads of a layer."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        return {
            info.name: (
                info.type,
                info.mode,
                info.uid,
                info.gid,
                info.linkname,
                archive.extractfile(info).read() if info.isreg() else b"",  # type: ignore[union-attr]  # it is
                info.pax_headers.get("mtime"),
                info.pax_headers.get(XATTR),
            )
            for info in archive
        }


def sample(path: Path, compression: str = "plain", **members: Any) -> Path:
    """An image with a file of each kind."""
    return aci(path, *copy.deepcopy(ENTRIES), compression=compression, **members)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_the_rootfs_becomes_a_layer(compression: str, layout: Layout, tmp_path: Path) -> None:
    layout.take(sample(tmp_path / "app.aci", compression))
    (layer,) = layout.layers()
    found = contents(layer)
    assert list(found) == [
        ".", "etc", "etc/passwd", "etc/times", "sh", "etc/again", LONG, "pipe"
    ]  # fmt: skip
    assert found["etc"][1:4] == (0o750, 5, 6)
    assert found["etc/times"][5:] == (b"x", "1400000000.123456789", "hello")
    assert found["sh"][4] == "/bin/busybox"
    assert found["etc/again"][4] == "etc/passwd"
    assert found[LONG][2] == 3_000_000
    assert layout.left_out == []


def test_equal_images_give_equal_digests_however_they_are_compressed(tmp_path: Path) -> None:
    """Big enough that the pieces in which it is read differ."""
    text = " ".join(map(str, range(0, 2_500_000, 7))).encode()
    made = []
    for compression in COMPRESSIONS:
        layout = Layout(tmp_path / f"layout-{compression}")
        path = aci(tmp_path / "app.aci", file("text", text), compression=compression)
        made.append(layout.take(path).digest)
    assert len(set(made)) == 1


def test_a_sparse_file_is_written_with_its_zeros(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "rootfs").mkdir()
    with (tmp_path / "rootfs/holes").open("wb") as holes:
        holes.seek(1 << 20)
        holes.write(b"end")
        holes.truncate(3 << 20)
    (tmp_path / "manifest").write_bytes(manifest())
    packed = tmp_path / "app.aci"
    subprocess.run(
        ["tar", "-C", tmp_path, "--sparse", "-cf", packed, "manifest", "rootfs"], check=True, timeout=60
    )
    assert packed.stat().st_size < 1 << 20
    layout.take(packed)
    content = contents(layout.layers()[0])["holes"][5]
    assert content == bytes(1 << 20) + b"end" + bytes((2 << 20) - 3)


def test_holes_count_for_the_limits(layout: Layout, tmp_path: Path) -> None:
    entries = [file("holes", b"", pax={"GNU.sparse.map": "", "GNU.sparse.size": str(1 << 50)})]
    with pytest.raises(InvalidImage, match="limit"):
        layout.take(aci(tmp_path / "app.aci", *entries))
    with pytest.raises(InvalidImage, match="limit"):
        layout.take(aci(tmp_path / "app.aci", file("f", bytes(5000))), limits=Limits(size=4000))
    assert layout.is_empty()


def test_files_that_would_be_whiteouts_are_left_out_and_named(layout: Layout, tmp_path: Path) -> None:
    entries = [
        file(".wh.gone", b"x"),
        directory(".wh.d"),
        file(".wh.d/f"),
        file("etc"),
        hardlink("kept", ".wh.gone"),
    ]
    layout.take(aci(tmp_path / "app.aci", *entries))
    found = contents(layout.layers()[0])
    assert sorted(found) == [".", "etc", "kept"]
    assert found["kept"][5] == b"x"
    assert len(layout.left_out) == 3
    assert ".wh.gone" in layout.left_out[0]


@pytest.mark.requires("skopeo")
@pytest.mark.parametrize("kind", ["oci", "oci-archive", "docker-archive", "dir"])
def test_skopeo_reads_it(kind: str, tmp_path: Path) -> None:
    tag = "" if kind == "dir" else ":example.test/app:1" if kind == "docker-archive" else ":1"
    name = f"{kind}:{tmp_path / 'copy'}{tag}"
    path = sample(tmp_path / "app.aci", app={"exec": ["/sh"], "user": "0", "group": "0"})
    with ExitStack() as stack:
        place, demands = open_destination(name, stack)
        import_aci(str(path), place, options=demands.applied(CopyOptions(), name))
    command = ["skopeo", "--insecure-policy", "inspect", "--config", name]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert json.loads(done.stdout)["config"]["Entrypoint"] == ["/sh"]
    if kind != "docker-archive":
        subprocess.run(
            ["skopeo", "--insecure-policy", "copy", name, f"dir:{tmp_path / 'again'}"], check=True, timeout=60
        )


@pytest.mark.requires("root", "umoci")
def test_umoci_unpacks_it(layout: Layout, tmp_path: Path) -> None:
    layout.take(sample(tmp_path / "app.aci"))
    bundle = tmp_path / "bundle"
    command = ["umoci", "unpack", "--image", f"{layout.folder}:1", str(bundle)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    etc = bundle / "rootfs/etc"
    assert (etc / "again").samefile(etc / "passwd")
    assert etc.stat().st_mode & 0o7777 == 0o750
    assert (etc / "times").stat().st_mtime_ns == 1_400_000_000_123_456_789
    assert (bundle / "rootfs" / LONG).stat().st_uid == 3_000_000


@pytest.mark.requires("root", "busybox")
def test_it_runs(
    layout: Layout,
    tmp_path: Path,
    bundle_factory: Callable[..., Bundle],
    runtime_under_test: OCIRuntime,
    container_id: str,
) -> None:
    base = aci(tmp_path / "base.aci", file("bin/busybox", BUSYBOX.read_bytes(), mode=0o755), name="base")
    app = {
        "exec": ["/bin/busybox", "sh", "-c", "echo $SAID from $(/bin/busybox id -u) && cat said"],
        "user": "7", "group": "8", "workingDirectory": "/data",
        "environment": [{"name": "SAID", "value": "hello"}],
    }  # fmt: skip
    folders = [directory(name) for name in ("dev", "proc", "sys")]
    layout.take(
        aci(
            tmp_path / "app.aci",
            *folders,
            file("data/said", b"and the file"),
            symlink("bin/cat", "busybox"),
            app=app,
            dependencies=[{"imageName": "base"}],
        ),
        base,
    )
    config = layout.config()["config"]
    uid, gid = map(int, config["User"].split(":"))
    process = {"args": config["Entrypoint"], "env": config["Env"], "cwd": config["WorkingDir"]}
    bundle = bundle_factory({"process": {**process, "user": {"uid": uid, "gid": gid}}})
    shutil.rmtree(bundle.rootfs)
    bundle.rootfs.mkdir()
    with ExitStack() as stack:
        unpack(open_image(f"oci:{layout.folder}:1", stack), str(bundle.rootfs))
    done = runtime_under_test.run(container_id, bundle).must_succeed()
    assert done.stdout == "hello from 7\nand the file"
