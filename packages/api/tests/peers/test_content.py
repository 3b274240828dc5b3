"""Content, images and snapshots: what our messages make, `ctr` shows; what `ctr` shows, ours tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from packages.api.tests.peers.client import rows

from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.diff.v1 import diff_pb2 as diff
from tiffin.api.containerd.services.diff.v1.diff_pb2_grpc import DiffStub
from tiffin.api.containerd.services.images.v1 import images_pb2 as images
from tiffin.api.containerd.services.images.v1.images_pb2_grpc import ImagesStub
from tiffin.api.containerd.services.snapshots.v1 import snapshots_pb2 as snapshots
from tiffin.api.containerd.services.snapshots.v1.snapshots_pb2_grpc import SnapshotsStub
from tiffin.api.containerd.types.descriptor_pb2 import Descriptor

if TYPE_CHECKING:
    from packages.api.tests.peers.client import Client

    from tiffin_testing.containerd import Containerd

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]
BLOB = b"what a blob holds\n"
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@pytest.fixture
def written(client: Client) -> Iterator[list[content.WriteContentResponse]]:
    """A blob, and what containerd answered while it was written in two parts."""
    first = content.WriteContentRequest(ref="ours", total=len(BLOB), expected=DIGEST)
    last = content.WriteContentRequest(offset=5, data=BLOB[5:], labels={"made-by": "tiffin"})
    last.MergeFrom(first)
    first.MergeFrom(content.WriteContentRequest(action=content.WRITE, data=BLOB[:5]))
    last.action = content.COMMIT
    stub = ContentStub(client.channel)
    yield client.talk(stub.Write, [first, last])
    client.call(stub.Delete, content.DeleteContentRequest(digest=DIGEST))


def test_content(client: Client, ctr: Containerd, written: list[content.WriteContentResponse]) -> None:
    stub = ContentStub(client.channel)
    assert [(answer.action, answer.offset) for answer in (written[0], written[-1])] == [
        (content.WRITE, 5),
        (content.COMMIT, len(BLOB)),
    ]
    assert written[-1].digest == DIGEST
    assert ctr("content", "get", DIGEST).encode() == BLOB
    part = client.all(stub.Read, content.ReadContentRequest(digest=DIGEST, offset=5, size=3))
    assert b"".join(answer.data for answer in part) == BLOB[5:8]
    found = [info for answer in client.all(stub.List, content.ListContentRequest()) for info in answer.info]
    assert {info.digest for info in found} == set(ctr("content", "ls", "--quiet").split())
    listed = next(info for info in found if info.digest == DIGEST)
    info = client.call(stub.Info, content.InfoRequest(digest=DIGEST)).info
    assert (info.size, info.created_at, info.labels) == (len(BLOB), listed.created_at, listed.labels)
    assert dict(info.labels) == {"made-by": "tiffin"}
    assert "made-by=tiffin" in ctr("content", "ls")


def test_an_ingest_is_seen_until_it_is_aborted(client: Client, ctr: Containerd) -> None:
    stub = ContentStub(client.channel)
    part = content.WriteContentRequest(action=content.WRITE, ref="half", total=len(BLOB), data=BLOB[:5])
    client.talk(stub.Write, [part])
    status = client.call(stub.Status, content.StatusRequest(ref="half")).status
    assert (status.ref, status.offset, status.total) == ("half", 5, len(BLOB))
    assert list(client.call(stub.ListStatuses, content.ListStatusesRequest()).statuses) == [status]
    assert ctr("content", "active").splitlines()[1].split()[0] == "half"
    client.call(stub.Abort, content.AbortRequest(ref="half"))
    assert client.refused(stub.Status, content.StatusRequest(ref="half")) is StatusCode.NOT_FOUND


@pytest.mark.usefixtures("written")
def test_images(client: Client, ctr: Containerd) -> None:
    stub = ImagesStub(client.channel)
    target = Descriptor(media_type=LAYER, digest=DIGEST, size=len(BLOB))
    image = images.Image(name="ours:1", target=target, labels={"color": "blue"})
    made = client.call(stub.Create, images.CreateImageRequest(image=image)).image
    try:
        assert (made.name, made.target, dict(made.labels)) == (image.name, target, {"color": "blue"})
        assert list(client.call(stub.List, images.ListImagesRequest(filters=["name==ours:1"])).images) == [
            made
        ]
        assert rows(ctr("images", "ls"))[0][:3] == ["ours:1", LAYER, DIGEST]
        image.labels["color"] = "red"
        asked = images.UpdateImageRequest(image=image, update_mask=FieldMask(paths=["labels.color"]))
        client.call(stub.Update, asked)
        assert rows(ctr("images", "ls"))[0][-1] == "color=red"
    finally:
        client.call(stub.Delete, images.DeleteImageRequest(name="ours:1"))
    assert client.refused(stub.Get, images.GetImageRequest(name="ours:1")) is StatusCode.NOT_FOUND


def test_snapshots(client: Client, ctr: Containerd) -> None:
    stub = SnapshotsStub(client.channel)
    asked = snapshots.PrepareSnapshotRequest(snapshotter="native", key="working")
    (mount,) = client.call(stub.Prepare, asked).mounts
    assert (mount.type, list(mount.options)) == ("bind", ["rbind", "rw"])
    again = snapshots.MountsRequest(snapshotter="native", key="working")
    assert list(client.call(stub.Mounts, again).mounts) == [mount]
    assert ["working", "Active"] in rows(ctr("snapshots", "--snapshotter", "native", "ls"))
    done = snapshots.CommitSnapshotRequest(
        snapshotter="native", key="working", name="done", labels={"color": "blue"}
    )
    client.call(stub.Commit, done)
    view = snapshots.ViewSnapshotRequest(snapshotter="native", key="seen", parent="done")
    (seen,) = client.call(stub.View, view).mounts
    assert list(seen.options) == ["rbind", "ro"]
    answers = client.all(stub.List, snapshots.ListSnapshotsRequest(snapshotter="native"))
    told = {info.name: (info.parent, info.kind) for answer in answers for info in answer.info}
    assert told == {"done": ("", snapshots.COMMITTED), "seen": ("done", snapshots.VIEW)}
    assert ["seen", "done", "View"] in rows(ctr("snapshots", "--snapshotter", "native", "ls"))
    info = client.call(stub.Stat, snapshots.StatSnapshotRequest(snapshotter="native", key="done")).info
    assert (info.name, dict(info.labels)) == ("done", {"color": "blue"})
    assert client.call(stub.Usage, snapshots.UsageRequest(snapshotter="native", key="done")).inodes == 1
    for name in ("seen", "done"):
        client.call(stub.Remove, snapshots.RemoveSnapshotRequest(snapshotter="native", key=name))
    assert rows(ctr("snapshots", "--snapshotter", "native", "ls")) == []


def test_a_layer_is_made_of_two_trees(client: Client, ctr: Containerd) -> None:
    stub = SnapshotsStub(client.channel)
    mounts = {
        key: client.call(stub.Prepare, snapshots.PrepareSnapshotRequest(snapshotter="native", key=key)).mounts
        for key in ("lower", "upper")
    }
    asked = diff.DiffRequest(
        left=mounts["lower"], right=mounts["upper"], media_type=LAYER, ref="layer", labels={"color": "blue"}
    )
    made = client.call(DiffStub(client.channel).Diff, asked).diff
    assert made.media_type == LAYER
    (row,) = rows(ctr("content", "ls"))
    assert row[0] == made.digest
    assert "color=blue" in row[-1]
    client.call(DiffStub(client.channel).Apply, diff.ApplyRequest(diff=made, mounts=mounts["lower"]))
    client.call(ContentStub(client.channel).Delete, content.DeleteContentRequest(digest=made.digest))
    for key in mounts:
        client.call(stub.Remove, snapshots.RemoveSnapshotRequest(snapshotter="native", key=key))
