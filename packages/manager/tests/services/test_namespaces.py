"""The service `namespaces`, and namespaces in headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from packages.manager.tests.client import refusal

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as containers
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.namespaces.v1 import namespace_pb2 as api
from tiffin.api.containerd.services.namespaces.v1.namespace_pb2_grpc import NamespacesStub
from tiffin.api.containerd.services.version.v1.version_pb2_grpc import VersionStub

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


def made(daemon: Daemon, **labels: str) -> NamespacesStub:
    stub = daemon.client.stub(NamespacesStub)
    asked = api.CreateNamespaceRequest(namespace=api.Namespace(name=daemon.namespace, labels=labels))
    answer = daemon.client.call(stub.Create, asked).namespace
    assert (answer.name, dict(answer.labels)) == (daemon.namespace, labels)
    return stub


def labels_of(daemon: Daemon) -> dict[str, str]:
    stub = daemon.client.stub(NamespacesStub)
    asked = api.GetNamespaceRequest(name=daemon.namespace)
    return dict(daemon.client.call(stub.Get, asked).namespace.labels)


def test_a_namespace_is_made_changed_and_deleted(daemon: Daemon) -> None:
    client, name = daemon.client, daemon.namespace
    stub = made(daemon, color="blue", size="1")
    twice = api.CreateNamespaceRequest(namespace=api.Namespace(name=name))
    assert refusal(client.call, stub.Create, twice).code is StatusCode.ALREADY_EXISTS
    found = client.call(stub.List, api.ListNamespacesRequest()).namespaces
    assert {row.name: dict(row.labels) for row in found}[name] == {"color": "blue", "size": "1"}
    change = api.UpdateNamespaceRequest(
        namespace=api.Namespace(name=name, labels={"color": "red", "other": "no"}),
        update_mask=FieldMask(paths=["labels.color", "labels.size"]),
    )
    client.call(stub.Update, change)
    assert labels_of(daemon) == {"color": "red"}
    client.call(
        stub.Update, api.UpdateNamespaceRequest(namespace=api.Namespace(name=name, labels={"all": "new"}))
    )
    assert labels_of(daemon) == {"all": "new"}
    client.call(stub.Delete, api.DeleteNamespaceRequest(name=name))
    assert labels_of(daemon) == {}
    gone = api.DeleteNamespaceRequest(name=name)
    assert refusal(client.call, stub.Delete, gone).code is StatusCode.NOT_FOUND


def test_an_update_makes_a_namespace(daemon: Daemon) -> None:
    stub = daemon.client.stub(NamespacesStub)
    asked = api.UpdateNamespaceRequest(namespace=api.Namespace(name=daemon.namespace, labels={"a": "b"}))
    daemon.client.call(stub.Update, asked)
    assert labels_of(daemon) == {"a": "b"}


def test_only_labels_can_be_changed(daemon: Daemon) -> None:
    stub = made(daemon)
    change = api.UpdateNamespaceRequest(
        namespace=api.Namespace(name=daemon.namespace), update_mask=FieldMask(paths=["name"])
    )
    assert refusal(daemon.client.call, stub.Update, change).code is StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("name", ["", "-a", "a-", "a--b", "a/b", "..", "ä", "a b", "x" * 77])
def test_names_that_none_can_have(daemon: Daemon, name: str) -> None:
    """Nor is one made before it is refused."""
    stub = daemon.client.stub(NamespacesStub)
    asked = api.CreateNamespaceRequest(namespace=api.Namespace(name=name))
    assert refusal(daemon.client.call, stub.Create, asked).code is StatusCode.INVALID_ARGUMENT
    found = daemon.client.call(stub.List, api.ListNamespacesRequest()).namespaces
    assert name not in [each.name for each in found]


def test_a_namespace_with_something_in_it_stays(daemon: Daemon) -> None:
    client = daemon.client
    container = containers.Container(id="one", runtime=containers.Container.Runtime(name="r"))
    container.spec.type_url = "x"
    container.spec.value = b"{}"
    stub = client.stub(ContainersStub)
    client.call(stub.Create, containers.CreateContainerRequest(container=container))
    delete = api.DeleteNamespaceRequest(name=daemon.namespace)
    refused = refusal(client.call, client.stub(NamespacesStub).Delete, delete)
    assert refused.code is StatusCode.FAILED_PRECONDITION
    assert "must be empty, but it still has containers" in refused.text
    client.call(stub.Delete, containers.DeleteContainerRequest(id="one"))
    client.call(client.stub(NamespacesStub).Delete, delete)


@pytest.mark.parametrize(
    ("namespace", "code"),
    [
        ("", StatusCode.FAILED_PRECONDITION),
        ("../etc", StatusCode.INVALID_ARGUMENT),
        ("a..b", StatusCode.INVALID_ARGUMENT),
    ],
)
def test_a_call_needs_a_namespace(daemon: Daemon, namespace: str, code: StatusCode) -> None:
    client = daemon.client.within(namespace)
    digest = "sha256:" + "0" * 64
    refused = refusal(client.call, client.stub(ContentStub).Info, content.InfoRequest(digest=digest))
    assert refused.code is code
    listed = refusal(client.all, client.stub(ContentStub).List, content.ListContentRequest())
    assert listed.code is code
    if not namespace:
        assert refused.text == "namespace is required: failed precondition"


def test_a_version_is_told_without_a_namespace(daemon: Daemon) -> None:
    client = daemon.client.within("")
    assert client.call(client.stub(VersionStub).Version, Empty()).version
