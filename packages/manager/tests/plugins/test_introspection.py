"""What the introspection service tells of plugins, whatever became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode
from packages.manager.tests.client import Client, refusal
from packages.manager.tests.conftest import Serve
from packages.manager.tests.plugins.starting import started

from tiffin.api.containerd.services.introspection.v1 import introspection_pb2 as api
from tiffin.api.containerd.services.introspection.v1.introspection_pb2_grpc import IntrospectionStub
from tiffin.manager.plugins.context import Context
from tiffin.manager.plugins.kind import Kind
from tiffin.manager.plugins.plugin import Plugin, Skipped
from tiffin.manager.services.introspection.service import service

KIND: Kind[Any] = Kind("io.containerd.test.v1")


class Telling:
    async def plugin_info(self, options: AnyMessage, call: object) -> AnyMessage:  # noqa: ARG002  # the service's
        return AnyMessage(type_url="told", value=options.value)


def fail(context: Context) -> NoReturn:
    raise FileNotFoundError(2, "No such file or directory", "/x")


def skip(context: Context) -> NoReturn:
    raise Skipped("no overlays here")


@pytest.fixture
def client(serve: Serve, tmp_path: Path) -> Client:
    table: list[Plugin[Any]] = [
        Plugin(
            KIND,
            "good",
            lambda _: Telling(),
            capabilities=("remap-ids",),
            platforms=("linux/amd64", "linux/arm/v7"),
        ),
        Plugin(KIND, "failed", fail),
        Plugin(KIND, "skipped", skip),
    ]
    return serve(service(started(table), str(tmp_path)))


def test_all_of_them(client: Client) -> None:
    found = client.call(client.stub(IntrospectionStub).Plugins, api.PluginsRequest()).plugins
    good, failed, skipped = found
    assert (good.type, good.id, list(good.capabilities)) == (KIND.name, "good", ["remap-ids"])
    assert [(each.os, each.architecture, each.variant) for each in good.platforms] == [
        ("linux", "amd64", ""),
        ("linux", "arm", "v7"),
    ]
    assert not good.HasField("init_err")
    assert failed.init_err.message == "[Errno 2] No such file or directory: '/x'"
    assert failed.init_err.code == StatusCode.UNKNOWN.value[0]
    assert skipped.init_err.message == "no overlays here: skip plugin"


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (["id==good"], ["good"]),
        (["id==good", "id==failed"], ["good", "failed"]),
        (["type==io.containerd.test.v1,id==skipped"], ["skipped"]),
        (["type==other"], []),
        (["id~=^.*d$"], ["good", "failed", "skipped"]),
        (["platforms"], []),
    ],
)
def test_filters(client: Client, filters: list[str], ids: list[str]) -> None:
    answer = client.call(client.stub(IntrospectionStub).Plugins, api.PluginsRequest(filters=filters))
    assert [each.id for each in answer.plugins] == ids


def test_a_filter_that_is_none(client: Client) -> None:
    found = refusal(client.call, client.stub(IntrospectionStub).Plugins, api.PluginsRequest(filters=["=="]))
    assert found.code is StatusCode.INVALID_ARGUMENT


def test_one_of_them(client: Client) -> None:
    method = client.stub(IntrospectionStub).PluginInfo
    answer = client.call(method, api.PluginInfoRequest(type=KIND.name, id="good"))
    assert (answer.plugin.id, answer.HasField("extra")) == ("good", False)
    asked = api.PluginInfoRequest(type=KIND.name, id="good", options=AnyMessage(value=b"x"))
    assert client.call(method, asked).extra.value == b"x"
    asked.id = "failed"
    assert refusal(client.call, method, asked).code is StatusCode.UNIMPLEMENTED
    asked.id = "none"
    assert refusal(client.call, method, asked).code is StatusCode.NOT_FOUND


def test_the_server(client: Client) -> None:
    first = client.call(client.stub(IntrospectionStub).Server, Empty())
    assert len(first.uuid) == 36
    assert first.pid > 0
    assert first.pidns == Path("/proc/self/ns/pid").stat().st_ino
    assert client.call(client.stub(IntrospectionStub).Server, Empty()) == first
