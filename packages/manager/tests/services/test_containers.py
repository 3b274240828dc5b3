"""The services `containers` and `sandbox` (its store): what containerd answers, ours does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.blobs import info, put
from packages.manager.tests.services.made import (
    RUNTIME,
    SPEC,
    container,
    create_container,
    create_lease,
    delete_container,
    delete_lease,
)
from packages.manager.tests.services.trees import Snapshots

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as api
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.sandbox.v1 import sandbox_pb2 as sandboxes
from tiffin.api.containerd.services.sandbox.v1.sandbox_pb2_grpc import StoreStub
from tiffin.api.containerd.types.sandbox_pb2 import Sandbox

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


def get(daemon: Daemon, name: str) -> api.Container:
    stub = daemon.client.stub(ContainersStub)
    return daemon.client.call(stub.Get, api.GetContainerRequest(id=name)).container


def names(daemon: Daemon, *filters: str) -> list[str]:
    """By both lists, which must be the same."""
    stub, asked = daemon.client.stub(ContainersStub), api.ListContainersRequest(filters=filters)
    found = list(daemon.client.call(stub.List, asked).containers)
    assert [one.container for one in daemon.client.all(stub.ListStream, asked)] == found
    return [one.id for one in found]


def test_a_container_is_made_and_read(daemon: Daemon) -> None:
    before = time.time_ns()
    asked = container(
        labels={"color": "blue", "empty": ""},
        image="docker.io/library/a:1",
        snapshotter="native",
        snapshot_key="a key",
        extensions={"ext": Any(type_url="e", value=b"\0\1")},
    )
    made = create_container(daemon, asked)
    found = get(daemon, "one")
    assert before <= found.created_at.ToNanoseconds() <= time.time_ns()
    assert (found.created_at, found.updated_at) == (made.created_at, made.created_at)
    del asked.labels["empty"]
    for field in ("created_at", "updated_at"):
        getattr(asked, field).CopyFrom(getattr(found, field))
    assert found == asked
    assert refusal(create_container, daemon, asked).code is StatusCode.ALREADY_EXISTS
    delete_container(daemon, "one")
    assert refusal(get, daemon, "one").code is StatusCode.NOT_FOUND
    assert refusal(delete_container, daemon, "one").code is StatusCode.NOT_FOUND
    assert refusal(get, daemon.fresh(), "one").code is StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "message",
    [
        container(""),
        container("../x"),
        container("a b"),
        container("a--b"),
        container("a._b"),
        container("x" * 77),
        container(runtime=None),
        container(runtime=api.Container.Runtime()),
        container(spec=None),
        container(snapshot_key="key"),
        container(extensions={"": Any()}),
        container(labels={"x": "y" * 5000}),
    ],
)
def test_what_cannot_be_a_container(daemon: Daemon, message: api.Container) -> None:
    assert refusal(create_container, daemon, message).code is StatusCode.INVALID_ARGUMENT


def test_masks_say_what_is_changed(daemon: Daemon) -> None:
    extensions = {"one": Any(type_url="e1"), "two": Any(type_url="e2")}
    first = create_container(
        daemon,
        container(
            labels={"one": "1", "two": "2"}, snapshotter="native", snapshot_key="k", extensions=extensions
        ),
    )
    stub = daemon.client.stub(ContainersStub)

    def update(*paths: str, **fields: object) -> api.Container:
        asked = api.UpdateContainerRequest(
            container=container(**{"snapshotter": "native", **fields}),  # type: ignore[arg-type]  # as above
            update_mask=FieldMask(paths=paths),
        )
        answer = daemon.client.call(stub.Update, asked).container
        found = get(daemon, "one")
        if not daemon.ours:  # containerd 1.6 does not take extensions away, though it says so
            found.ClearField("extensions")
            found.extensions.MergeFrom(answer.extensions)
        assert answer == found
        return found

    changed = update("labels.one", "labels.three", labels={"one": "I", "three": "3", "two": "no"})
    assert dict(changed.labels) == {"one": "I", "two": "2", "three": "3"}
    assert (changed.created_at, changed.snapshot_key) == (first.created_at, "k")
    assert changed.updated_at.ToNanoseconds() > first.updated_at.ToNanoseconds()
    other = Any(type_url="s", value=b"2")
    assert update("spec", spec=other, labels={}).spec == other
    assert update("image", image="i").image == "i"
    assert update("snapshotkey", snapshot_key="k2").snapshot_key == "k2"
    assert dict(update("labels", labels={"a": "b"}).labels) == {"a": "b"}
    assert update("extensions.two", extensions={"two": other}).extensions["two"] == other
    assert set(update("extensions", extensions={"three": other}).extensions) == {"three"}
    whole = update(labels={"c": "d"}, image="j", snapshot_key="k3", spec=SPEC)
    assert (dict(whole.labels), whole.image, whole.snapshot_key) == ({"c": "d"}, "j", "k3")
    assert (whole.spec, whole.runtime, dict(whole.extensions)) == (SPEC, RUNTIME, {})
    for refused in (
        refusal(update, "runtime"),
        refusal(update, "snapshotter"),
        refusal(update, "id"),
        refusal(update, snapshotter="overlayfs"),
        refusal(update, runtime=api.Container.Runtime(name="other")),
        refusal(update, "spec", spec=None),
        refusal(update, "labels.long", labels={"long": "x" * 5000}),
    ):
        assert refused.code is StatusCode.INVALID_ARGUMENT
    missing = api.UpdateContainerRequest(container=container("other"), update_mask=FieldMask(paths=["image"]))
    assert refusal(daemon.client.call, stub.Update, missing).code is StatusCode.NOT_FOUND
    nobody = api.UpdateContainerRequest(container=container(""))
    assert refusal(daemon.client.call, stub.Update, nobody).code is StatusCode.INVALID_ARGUMENT


def test_lists_are_filtered(daemon: Daemon) -> None:
    other = api.Container.Runtime(name="other")
    create_container(daemon, container("a", labels={"color": "blue"}, image="i"))
    create_container(daemon, container("b", labels={"color": "red", "x.y/z": "1"}, runtime=other))
    create_container(daemon, container("c"))
    assert names(daemon) == ["a", "b", "c"]
    for filters, wanted in (
        (["id==b"], "b"),
        (["id~=[ac]"], "ac"),
        (["labels.color"], "ab"),
        (["labels.color==red", "image==i"], "ab"),
        (["labels.color==red,runtime.name==other"], "b"),
        (['labels."x.y/z"==1'], "b"),
        (["labels.x.y"], ""),
        (["runtime.name!=other"], "ac"),
        (["image"], "a"),
        (["nothing==x"], ""),
    ):
        assert "".join(names(daemon, *filters)) == wanted, filters
    stub = daemon.client.stub(ContainersStub)
    bad = api.ListContainersRequest(filters=["id="])
    assert refusal(daemon.client.call, stub.List, bad).code is StatusCode.INVALID_ARGUMENT
    assert refusal(daemon.client.all, stub.ListStream, bad).code is StatusCode.INVALID_ARGUMENT


def test_a_container_keeps_its_snapshot_and_what_its_labels_name(daemon: Daemon) -> None:
    snapshots = Snapshots(daemon, "native")
    for name, parent in (("one", ""), ("two", "one"), ("loose", "")):
        snapshots.prepare("active", parent)
        snapshots.commit(name, "active")
    snapshots.prepare("rw", "two")
    digest = put(daemon, b"of a container")
    create_container(
        daemon,
        container(snapshotter="native", snapshot_key="rw", labels={"containerd.io/gc.ref.content.x": digest}),
    )
    create_lease(daemon, "now")
    delete_lease(daemon, "now", sync=True)
    assert snapshots.names() == {"one", "two", "rw"}
    assert info(daemon, digest).digest == digest
    delete_container(daemon, "one")
    create_lease(daemon, "now")
    delete_lease(daemon, "now", sync=True)
    assert snapshots.names() == set()
    assert refusal(info, daemon, digest).code is StatusCode.NOT_FOUND


def test_a_sandbox_is_kept(daemon: Daemon) -> None:
    if not daemon.ours:
        pytest.skip("Debian's containerd has no sandboxes yet")
    client = daemon.client
    stub = client.stub(StoreStub)
    asked = Sandbox(
        sandbox_id="pod", runtime=Sandbox.Runtime(name="r"), spec=SPEC, labels={"a": "b"}, sandboxer="shim"
    )
    made = client.call(stub.Create, sandboxes.StoreCreateRequest(sandbox=asked)).sandbox
    assert (made.sandbox_id, made.sandboxer, dict(made.labels)) == ("pod", "shim", {"a": "b"})
    assert refusal(client.call, stub.Create, sandboxes.StoreCreateRequest(sandbox=asked)).code is (
        StatusCode.ALREADY_EXISTS
    )
    asked.labels["a"] = "c"
    asked.spec.value = b"new"
    change = sandboxes.StoreUpdateRequest(sandbox=asked, fields=["labels.a"])
    assert client.call(stub.Update, change).sandbox.spec == SPEC
    found = client.call(stub.Get, sandboxes.StoreGetRequest(sandbox_id="pod")).sandbox
    assert (dict(found.labels), found.created_at) == ({"a": "c"}, made.created_at)
    assert found.updated_at.ToNanoseconds() > made.updated_at.ToNanoseconds()

    def listed(*filters: str) -> list[str]:
        answer = client.call(stub.List, sandboxes.StoreListRequest(filters=filters))
        return [one.sandbox_id for one in answer.list]

    assert listed() == listed("id==pod") == listed("labels.a==c") == ["pod"]
    assert listed("labels.a==b") == []
    asked.runtime.name = "another"
    whole = sandboxes.StoreUpdateRequest(sandbox=asked)
    assert refusal(client.call, stub.Update, whole).code is StatusCode.INVALID_ARGUMENT
    client.call(stub.Delete, sandboxes.StoreDeleteRequest(sandbox_id="pod"))
    for refused in (
        refusal(client.call, stub.Get, sandboxes.StoreGetRequest(sandbox_id="pod")),
        refusal(client.call, stub.Delete, sandboxes.StoreDeleteRequest(sandbox_id="pod")),
    ):
        assert refused.code is StatusCode.NOT_FOUND
    bad = sandboxes.StoreCreateRequest(sandbox=Sandbox(sandbox_id="../pod"))
    assert refusal(client.call, stub.Create, bad).code is StatusCode.INVALID_ARGUMENT
