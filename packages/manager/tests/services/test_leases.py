"""The service `leases`, and what a collection leaves of what they protect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.blobs import info, put
from packages.manager.tests.services.made import create_lease, delete_lease

from tiffin.api.containerd.services.images.v1 import images_pb2 as images
from tiffin.api.containerd.services.images.v1.images_pb2_grpc import ImagesStub
from tiffin.api.containerd.services.leases.v1 import leases_pb2 as api
from tiffin.api.containerd.services.leases.v1.leases_pb2_grpc import LeasesStub
from tiffin.api.containerd.services.snapshots.v1 import snapshots_pb2 as snapshots
from tiffin.api.containerd.services.snapshots.v1.snapshots_pb2_grpc import SnapshotsStub

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


def listed(daemon: Daemon, *filters: str) -> list[str]:
    stub = daemon.client.stub(LeasesStub)
    return [one.id for one in daemon.client.call(stub.List, api.ListRequest(filters=filters)).leases]


def resources(daemon: Daemon, lease: str) -> set[tuple[str, str]]:
    stub = daemon.client.stub(LeasesStub)
    found = daemon.client.call(stub.ListResources, api.ListResourcesRequest(id=lease)).resources
    return {(one.type, one.id) for one in found}


def add(daemon: Daemon, lease: str, kind: str, name: str) -> None:
    asked = api.AddResourceRequest(id=lease, resource=api.Resource(id=name, type=kind))
    daemon.client.call(daemon.client.stub(LeasesStub).AddResource, asked)


def under(daemon: Daemon, lease: str) -> Daemon:
    other = daemon.within(daemon.namespace)
    other.client.metadata = (*daemon.client.metadata, ("containerd-lease", lease))
    return other


def test_leases_are_made_listed_and_deleted(daemon: Daemon) -> None:
    made = create_lease(daemon, "one", color="blue")
    assert (made.id, dict(made.labels)) == ("one", {"color": "blue"})
    assert made.created_at.seconds > 1_600_000_000
    named = create_lease(daemon).id
    assert named
    assert refusal(create_lease, daemon, "one").code is StatusCode.ALREADY_EXISTS
    assert set(listed(daemon)) == {"one", named}
    assert listed(daemon, "id==one") == ["one"]
    assert listed(daemon, "labels.color==blue") == ["one"]
    assert listed(daemon, "labels.color==red") == []
    assert refusal(listed, daemon, "id=").code is StatusCode.INVALID_ARGUMENT
    delete_lease(daemon, "one")
    assert listed(daemon) == [named]
    assert refusal(delete_lease, daemon, "one").code is StatusCode.NOT_FOUND


def test_resources_are_added_and_taken_away(daemon: Daemon) -> None:
    create_lease(daemon, "one")
    digest = put(daemon, b"leased")
    for kind, name in (("content", digest), ("ingests", "an ingest"), ("snapshots/native", "a key")):
        add(daemon, "one", kind, name)
    assert resources(daemon, "one") == {
        ("content", digest),
        ("ingests", "an ingest"),
        ("snapshots/native", "a key"),
    }
    remove = api.DeleteResourceRequest(id="one", resource=api.Resource(id=digest, type="content"))
    daemon.client.call(daemon.client.stub(LeasesStub).DeleteResource, remove)
    assert ("content", digest) not in resources(daemon, "one")
    daemon.client.call(daemon.client.stub(LeasesStub).DeleteResource, remove)


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [
        ("content", "no digest", StatusCode.INVALID_ARGUMENT),
        ("snapshots", "key", StatusCode.INVALID_ARGUMENT),
        ("something", "x", StatusCode.UNIMPLEMENTED),
        ("content/x", "x", StatusCode.INVALID_ARGUMENT),
        ("snapshots/native/x", "key", StatusCode.INVALID_ARGUMENT),
    ],
)
def test_what_a_lease_does_not_protect(daemon: Daemon, kind: str, name: str, code: StatusCode) -> None:
    create_lease(daemon, "one")
    assert refusal(add, daemon, "one", kind, name).code is code


def test_names_of_images_need_no_lease(daemon: Daemon) -> None:
    """They keep themselves: a client may give one after its lease has ended. But for those that end by themselves."""
    gone = under(daemon, "gone")
    stub = gone.client.stub(ImagesStub)
    image = images.Image(name="named")
    image.target.media_type, image.target.digest, image.target.size = "m", "sha256:" + "0" * 64, 1
    gone.client.call(stub.Create, images.CreateImageRequest(image=image))
    gone.client.call(stub.Update, images.UpdateImageRequest(image=image))
    if daemon.ours:  # as containerd since 2.0
        image.labels["containerd.io/gc.expire"] = "2999-01-01T00:00:00Z"
        refused = refusal(gone.client.call, stub.Update, images.UpdateImageRequest(image=image))
        assert refused.code is StatusCode.NOT_FOUND
        create_lease(daemon, "one")
        image.name = "expiring"
        leased = under(daemon, "one").client
        leased.call(leased.stub(ImagesStub).Create, images.CreateImageRequest(image=image))
        assert resources(daemon, "one") == {("images", "expiring")}


def test_a_lease_that_is_not_there(daemon: Daemon) -> None:
    for call in (resources, delete_lease):
        assert refusal(call, daemon, "none").code is StatusCode.NOT_FOUND
    assert refusal(add, daemon, "none", "ingests", "x").code is StatusCode.NOT_FOUND


def test_a_collection_takes_what_a_lease_kept(daemon: Daemon) -> None:
    create_lease(daemon, "one")
    kept = put(under(daemon, "one"), b"kept by the lease")
    referred = put(daemon, b"referred to")
    bearer = put(under(daemon, "one"), b"refers", **{"containerd.io/gc.ref.content.x": referred})
    rooted = put(daemon, b"root", **{"containerd.io/gc.root": "yes"})
    loose = put(daemon, b"loose")
    create_lease(daemon, "other")
    delete_lease(daemon, "other", sync=True)
    assert {info(daemon, one).digest for one in (kept, referred, bearer, rooted)} == {
        kept,
        referred,
        bearer,
        rooted,
    }
    assert refusal(info, daemon, loose).code is StatusCode.NOT_FOUND
    delete_lease(daemon, "one", sync=True)
    for digest in (kept, referred, bearer):
        assert refusal(info, daemon, digest).code is StatusCode.NOT_FOUND
    assert info(daemon, rooted).digest == rooted


def test_an_expired_lease_keeps_nothing(daemon: Daemon) -> None:
    create_lease(daemon, "old", **{"containerd.io/gc.expire": "2001-02-03T04:05:06Z"})
    digest = put(under(daemon, "old"), b"kept by nothing")
    create_lease(daemon, "other")
    delete_lease(daemon, "other", sync=True)
    assert listed(daemon) == []
    assert refusal(info, daemon, digest).code is StatusCode.NOT_FOUND


def test_a_flat_lease_keeps_only_what_it_names(daemon: Daemon) -> None:
    create_lease(daemon, "flat", **{"containerd.io/gc.flat": "yes"})
    referred = put(daemon, b"referred to by a flat one")
    bearer = put(under(daemon, "flat"), b"flat", **{"containerd.io/gc.ref.content.x": referred})
    create_lease(daemon, "other")
    delete_lease(daemon, "other", sync=True)
    assert info(daemon, bearer).digest == bearer
    assert refusal(info, daemon, referred).code is StatusCode.NOT_FOUND


def test_snapshots_change_their_names_in_a_lease(daemon: Daemon) -> None:
    create_lease(daemon, "one")
    leased = under(daemon, "one")
    stub = leased.client.stub(SnapshotsStub)
    leased.client.call(stub.Prepare, snapshots.PrepareSnapshotRequest(snapshotter="native", key="active"))
    assert resources(daemon, "one") == {("snapshots/native", "active")}
    commit = snapshots.CommitSnapshotRequest(snapshotter="native", key="active", name="done")
    leased.client.call(stub.Commit, commit)
    assert resources(daemon, "one") == {("snapshots/native", "done")}
    view = snapshots.ViewSnapshotRequest(snapshotter="native", key="view", parent="done")
    leased.client.call(stub.View, view)
    remove = snapshots.RemoveSnapshotRequest(snapshotter="native", key="view")
    leased.client.call(stub.Remove, remove)
    assert resources(daemon, "one") == {("snapshots/native", "done")}
    delete_lease(daemon, "one", sync=True)
    stat = snapshots.StatSnapshotRequest(snapshotter="native", key="done")
    assert refusal(daemon.client.call, stub.Stat, stat).code is StatusCode.NOT_FOUND
