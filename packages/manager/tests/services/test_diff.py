"""The service `diff`: what is different between two trees becomes a layer."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.blobs import digest_of, info, read
from packages.manager.tests.services.layers import (
    FIRST,
    LAYER,
    mounted,
    unmount,
    unpack,
)
from packages.manager.tests.services.trees import Snapshots, folder

from tiffin.api.containerd.services.content.v1.content_pb2 import ListStatusesRequest
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.diff.v1 import diff_pb2 as api
from tiffin.api.containerd.services.diff.v1.diff_pb2_grpc import DiffStub
from tiffin.api.containerd.types.descriptor_pb2 import Descriptor
from tiffin.api.containerd.types.mount_pb2 import Mount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr", "overlayfs")]


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
        unmount(root)
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
