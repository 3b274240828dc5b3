"""The daemon itself, namespaces and leases: what our messages make, `ctr` shows; what `ctr` shows, ours tell."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import StatusCode
from packages.api.tests.peers.client import rows

from tiffin.api.containerd.services.introspection.v1 import introspection_pb2 as introspection
from tiffin.api.containerd.services.introspection.v1.introspection_pb2_grpc import IntrospectionStub
from tiffin.api.containerd.services.leases.v1 import leases_pb2 as leases
from tiffin.api.containerd.services.leases.v1.leases_pb2_grpc import LeasesStub
from tiffin.api.containerd.services.namespaces.v1 import namespace_pb2 as namespaces
from tiffin.api.containerd.services.namespaces.v1.namespace_pb2_grpc import NamespacesStub
from tiffin.api.containerd.services.version.v1.version_pb2_grpc import VersionStub

if TYPE_CHECKING:
    from packages.api.tests.peers.client import Client

    from tiffin_testing.containerd import Containerd

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


def test_version(client: Client, ctr: Containerd) -> None:
    answer = client.call(VersionStub(client.channel).Version, Empty())
    server = ctr("version").partition("Server:")[2]
    assert re.findall(r"(?:Version|Revision): *(.*)", server) == [answer.version, answer.revision]


def test_namespaces(client: Client, ctr: Containerd) -> None:
    stub = NamespacesStub(client.channel)
    named = namespaces.Namespace(name="named", labels={"color": "blue"})
    client.call(stub.Create, namespaces.CreateNamespaceRequest(namespace=named))
    try:
        listed = client.call(stub.List, namespaces.ListNamespacesRequest()).namespaces
        assert named in listed
        assert sorted(each.name for each in listed) == sorted(ctr("namespaces", "ls", "--quiet").split())
        assert ["named", "color=blue"] in rows(ctr("namespaces", "ls"))
        changed = namespaces.UpdateNamespaceRequest(
            namespace=namespaces.Namespace(name="named", labels={"color": "red", "size": "small"}),
            update_mask=FieldMask(paths=["labels.color"]),
        )
        client.call(stub.Update, changed)
        assert ["named", "color=red"] in rows(ctr("namespaces", "ls"))
    finally:
        client.call(stub.Delete, namespaces.DeleteNamespaceRequest(name="named"))
    again = namespaces.DeleteNamespaceRequest(name="named")
    assert client.refused(stub.Delete, again) is StatusCode.NOT_FOUND


def test_leases(client: Client, ctr: Containerd) -> None:
    stub = LeasesStub(client.channel)
    asked = leases.CreateRequest(id="ours", labels={"why": "test"})
    made = client.call(stub.Create, asked).lease
    try:
        assert (made.id, dict(made.labels)) == ("ours", {"why": "test"})
        assert made in client.call(stub.List, leases.ListRequest()).leases
        assert ["ours", "why=test"] in [[row[0], row[-1]] for row in rows(ctr("leases", "ls"))]
        held = leases.Resource(id="something", type="snapshots/native")
        client.call(stub.AddResource, leases.AddResourceRequest(id="ours", resource=held))
        asked_for = leases.ListResourcesRequest(id="ours")
        assert list(client.call(stub.ListResources, asked_for).resources) == [held]
        client.call(stub.DeleteResource, leases.DeleteResourceRequest(id="ours", resource=held))
        assert not client.call(stub.ListResources, asked_for).resources
    finally:
        client.call(stub.Delete, leases.DeleteRequest(id="ours"))
    assert "ours" not in ctr("leases", "ls", "--quiet")


def test_plugins(client: Client, ctr: Containerd) -> None:
    answer = client.call(IntrospectionStub(client.channel).Plugins, introspection.PluginsRequest())
    told = {
        (
            each.type,
            each.id,
            ",".join(f"{platform.os}/{platform.architecture}" for platform in each.platforms),
        )
        for each in answer.plugins
    }
    shown = rows(ctr("plugins", "ls"))
    assert {(row[0], row[1], row[2].removeprefix("-")) for row in shown} == told
    broken = {each.id for each in answer.plugins if each.init_err.code}
    assert broken == {row[1] for row in shown if row[3] in {"error", "skip"}}
    assert all(each.init_err.message for each in answer.plugins if each.id in broken)
    assert broken


def test_plugins_by_filter(client: Client, ctr: Containerd) -> None:
    asked = introspection.PluginsRequest(filters=["id==content,type==io.containerd.content.v1"])
    (plugin,) = client.call(IntrospectionStub(client.channel).Plugins, asked).plugins
    assert Path(plugin.exports["root"]).parent == ctr.folder / "root"


def test_the_daemon_tells_who_it_is(client: Client, ctr: Containerd) -> None:
    server = client.call(IntrospectionStub(client.channel).Server, Empty())
    assert len(server.uuid) == 36
    assert server.pid in {0, ctr.pid}  # told from containerd 1.7 on
    assert server.pidns in {0, os.stat("/proc/self/ns/pid").st_ino}
