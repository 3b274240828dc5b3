"""The service `diff`: layers go to trees and back, as with containerd."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.test_content import digest_of, info, put, read
from packages.manager.tests.services.test_snapshots import Snapshots, folder

from tiffin.api.containerd.services.content.v1.content_pb2 import ListStatusesRequest
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.diff.v1 import diff_pb2 as api
from tiffin.api.containerd.services.diff.v1.diff_pb2_grpc import DiffStub
from tiffin.api.containerd.types.descriptor_pb2 import Descriptor
from tiffin.api.containerd.types.mount_pb2 import Mount
from tiffin_testing.images import directory, file, hardlink, opaque, symlink, tar, whiteout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr", "overlayfs")]
LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
FIRST = tar(
    directory("etc/", mode=0o711),
    file("etc/passwd", b"root", mode=0o600, uid=3, gid=4),
    file("etc/gone", b"x"),
    directory("old/"),
    file("old/x", b"x"),
    symlink("link", "etc/passwd"),
    hardlink("same", "etc/passwd", mode=0o600, uid=3, gid=4),
)
SECOND = tar(
    whiteout("etc/gone"), opaque("old"), directory("old/"), file("old/new", b"n"), file("etc/added", b"a")
)
SHOWN = {"etc": None, "etc/passwd": b"root", "etc/added": b"a", "old": None, "old/new": b"n", "same": b"root"}


def descriptor(data: bytes, media_type: str = LAYER) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))


def apply(
    daemon: Daemon, data: bytes, mounts: Sequence[Mount], media_type: str = LAYER, *, sync: bool = False
) -> Descriptor:
    """Applies a layer, which is written before."""
    put(daemon, data)
    asked = api.ApplyRequest(diff=descriptor(data, media_type), mounts=mounts, sync_fs=sync)
    return daemon.client.call(daemon.client.stub(DiffStub).Apply, asked).applied


def unpack(daemon: Daemon, snapshotter: str, *layers: bytes) -> Snapshots:
    """Snapshots `0`, `1` ... of layers."""
    snapshots = Snapshots(daemon, snapshotter)
    for number, layer in enumerate(layers):
        apply(daemon, layer, snapshots.prepare("active", str(number - 1) if number else ""))
        snapshots.commit(str(number), "active")
    return snapshots


def mounted(mounts: Sequence[Mount], place: Path) -> Path:
    """A tree to look at, in this test's mount namespace."""
    from tiffin.image.snapshots.mounting import mount_all
    from tiffin.manager.services.conversion import mount_values

    place.mkdir()
    mount_all(mount_values(mounts), str(place))
    return place


def shown(root: Path) -> dict[str, bytes | None]:
    found = {path for path in root.rglob("*") if not path.is_symlink()}
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in found}


@pytest.mark.parametrize("snapshotter", ["native", "overlayfs"])
def test_layers_are_applied_to_snapshots(daemon: Daemon, snapshotter: str, tmp_path: Path) -> None:
    snapshots = unpack(daemon, snapshotter, FIRST, SECOND)
    root = mounted(snapshots.view("view", "1"), tmp_path / "tree")
    try:
        assert shown(root) == SHOWN
        status = (root / "etc/passwd").stat()
        assert (status.st_mode & 0o7777, status.st_uid, status.st_gid, status.st_nlink) == (0o600, 3, 4, 2)
        assert (root / "etc").stat().st_mode & 0o7777 == 0o711
        assert os.readlink(root / "link") == "etc/passwd"
    finally:
        _unmount(root)


def _unmount(root: Path) -> None:
    from tiffin.image.kernel import umount2

    umount2(str(root), 0)


@pytest.mark.parametrize(
    ("stored", "media_type"),
    [
        (FIRST, LAYER),
        (gzip.compress(FIRST), f"{LAYER}+gzip"),
        (zstandard.compress(FIRST), f"{LAYER}+zstd"),
        (gzip.compress(FIRST), f"{DOCKER_LAYER}.gzip"),
    ],
)
def test_what_was_applied_is_told_uncompressed(daemon: Daemon, stored: bytes, media_type: str) -> None:
    snapshots = Snapshots(daemon, "native")
    applied = apply(daemon, stored, snapshots.prepare("one"), media_type)
    assert (applied.media_type, applied.digest, applied.size) == (LAYER, digest_of(FIRST), len(FIRST))


def test_layers_are_applied_to_any_mounts(daemon: Daemon, tmp_path: Path) -> None:
    """A file system that has to be mounted; then nobody else sees it, and nothing stays mounted."""
    before = Path("/proc/self/mountinfo").read_text()
    lower, upper, work = (tmp_path / name for name in ("lower", "upper", "work"))
    for path in (lower, upper, work):
        path.mkdir()
    (lower / "below").write_bytes(b"b")
    overlay = Mount(
        type="overlay",
        source="overlay",
        options=[f"upperdir={upper}", f"workdir={work}", f"lowerdir={lower}"],
    )
    bound = Mount(type="bind", source=str(tmp_path), options=["rbind"])
    apply(daemon, FIRST, [overlay])
    assert (upper / "etc/passwd").read_bytes() == b"root"
    if daemon.ours:  # containerd unmounts what is below the last one lazily
        apply(daemon, SECOND, [bound, overlay])
        assert not (upper / "etc/gone").exists()
    assert Path("/proc/self/mountinfo").read_text() == before


@pytest.mark.parametrize(
    ("data", "media_type", "codes"),
    [
        (FIRST, "application/octet-stream", {StatusCode.UNIMPLEMENTED, StatusCode.UNKNOWN}),
        (b"not gzip", f"{LAYER}+encrypted", {StatusCode.UNIMPLEMENTED, StatusCode.UNKNOWN}),
        (gzip.compress(FIRST)[:-20], f"{LAYER}+gzip", {StatusCode.INVALID_ARGUMENT, StatusCode.UNKNOWN}),
        (FIRST[:700], LAYER, {StatusCode.INVALID_ARGUMENT, StatusCode.UNKNOWN}),
    ],
)
def test_what_is_no_layer(daemon: Daemon, data: bytes, media_type: str, codes: set[StatusCode]) -> None:
    mounts = Snapshots(daemon, "native").prepare("one")
    assert refusal(apply, daemon, data, mounts, media_type).code in codes


def test_a_layer_does_not_leave_its_tree(daemon: Daemon, tmp_path: Path) -> None:
    escaping = tar(symlink("out", str(tmp_path)), file("out/file", b"x"), file("../../up", b"x"))
    mounts = Snapshots(daemon, "native").prepare("one")
    apply(daemon, escaping, mounts)
    assert list(tmp_path.iterdir()) == []


def test_a_layer_that_is_not_there(daemon: Daemon) -> None:
    mounts = Snapshots(daemon, "native").prepare("one")
    asked = api.ApplyRequest(diff=descriptor(b"missing"), mounts=mounts)
    apply_ = daemon.client.stub(DiffStub).Apply
    assert refusal(daemon.client.call, apply_, asked).code is StatusCode.NOT_FOUND
    read_only = [Mount(type="bind", source=mounts[0].source, options=["ro", "rbind"])]
    refused = refusal(apply, daemon, FIRST, read_only)
    assert refused.code in (StatusCode.FAILED_PRECONDITION, StatusCode.UNKNOWN)


def diff(daemon: Daemon, left: Sequence[Mount], right: Sequence[Mount], **fields: object) -> Descriptor:
    asked = api.DiffRequest(left=left, right=right, **fields)  # type: ignore[arg-type]  # fields of any type
    return daemon.client.call(daemon.client.stub(DiffStub).Diff, asked).diff


def entries(data: bytes) -> dict[str, tuple[bytes, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {}
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            found[member.name] = (member.type, content.read() if content else b"")
    return found


@pytest.mark.parametrize("snapshotter", ["native", "overlayfs"])
def test_changes_become_a_layer(daemon: Daemon, snapshotter: str, tmp_path: Path) -> None:
    snapshots = unpack(daemon, snapshotter, FIRST)
    mounts = snapshots.prepare("changed", "0")
    root = mounted(mounts, tmp_path / "tree")
    try:
        (root / "etc/gone").unlink()
        (root / "etc/passwd").write_bytes(b"changed")
        (root / "new").mkdir()
        (root / "new/file").write_bytes(b"f")
    finally:
        _unmount(root)
    made = diff(
        daemon, snapshots.view("before", "0"), mounts, media_type=LAYER, labels={"a": "b"}, ref="named"
    )
    assert made.media_type == LAYER
    data = read(daemon, made.digest)
    assert len(data) == made.size
    found = {name.strip("/"): value for name, value in entries(data).items()}
    assert found["etc/passwd"][1] == b"changed"
    assert "etc/.wh.gone" in found
    assert found["new/file"][1] == b"f"
    assert "old" not in found
    assert dict(info(daemon, made.digest).labels)["a"] == "b"
    statuses = daemon.client.call(daemon.client.stub(ContentStub).ListStatuses, ListStatusesRequest())
    assert not statuses.statuses


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_layers_are_compressed(daemon: Daemon, compression: str, tmp_path: Path) -> None:
    if compression == "zstd" and not daemon.ours:
        pytest.skip("containerd 1.6 makes no zstd layers")
    place = Path(Snapshots(daemon, "native").prepare("one")[0].source)
    (place / "file").write_bytes(b"x" * 10_000)
    right = [Mount(type="bind", source=str(place), options=["rw", "rbind"])]
    media_type = f"{LAYER}+{compression}" if compression else ""
    made = diff(daemon, [], right, media_type=media_type)
    stored = read(daemon, made.digest)
    plain = (
        zstandard.ZstdDecompressor().decompressobj().decompress if compression == "zstd" else gzip.decompress
    )
    archive = plain(stored)
    assert made.media_type == f"{LAYER}+{compression or 'gzip'}"
    assert info(daemon, made.digest).labels["containerd.io/uncompressed"] == digest_of(archive)
    assert entries(archive)["file"][1] == b"x" * 10_000
    again = diff(daemon, [], right, media_type=media_type)
    assert again.digest == made.digest


def test_times_are_cut_to_an_epoch(daemon: Daemon) -> None:
    if not daemon.ours:
        pytest.skip("Debian's containerd is older")
    place = Path(Snapshots(daemon, "native").prepare("one")[0].source)
    (place / "file").write_bytes(b"x")
    right = [Mount(type="bind", source=str(place), options=["rw", "rbind"])]
    made = diff(daemon, [], right, media_type=LAYER, source_date_epoch=Timestamp(seconds=1_000_000_000))
    with tarfile.open(fileobj=io.BytesIO(read(daemon, made.digest))) as archive:
        assert archive.getmember("file").mtime == 1_000_000_000


def test_a_media_type_that_no_layer_has(daemon: Daemon) -> None:
    refused = refusal(diff, daemon, [], [], media_type="text/plain")
    assert refused.code is StatusCode.UNIMPLEMENTED


def test_an_overlay_is_read_as_it_is_mounted(daemon: Daemon) -> None:
    """Its upper folder alone, where it is on top of the left one; the same as when both are gone through."""
    snapshots = unpack(daemon, "overlayfs", FIRST)
    mounts = snapshots.prepare("changed", "0")
    (folder(mounts) / "added").write_bytes(b"x")
    before = snapshots.view("before", "0")
    quick = entries(read(daemon, diff(daemon, before, mounts, media_type=LAYER).digest))
    copied = [Mount(type="bind", source=before[0].source, options=["rbind", "ro", "nosuid"])] * 2
    whole = entries(read(daemon, diff(daemon, copied, mounts, media_type=LAYER).digest))
    assert list(quick) == list(whole)
    assert quick["added"] == whole["added"]
