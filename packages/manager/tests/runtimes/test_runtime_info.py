"""What a runtime says of itself, asked for through introspection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import Client, refusal
from packages.manager.tests.tiffind import tiffind

from tiffin.api.containerd.services.introspection.v1 import introspection_pb2 as api
from tiffin.api.containerd.services.introspection.v1.introspection_pb2_grpc import IntrospectionStub
from tiffin.api.containerd.types.introspection_pb2 import RuntimeInfo, RuntimeRequest
from tiffin.api.typeurl import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

pytestmark = pytest.mark.requires("root", "runc")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with tiffind() as daemon:
        daemon.start()
        with Client(daemon.address, "default") as made:
            yield made
        daemon.stop()


def info(client: Client, options: Message) -> RuntimeInfo:
    request = api.PluginInfoRequest(type="io.containerd.runtime.v2", id="task", options=pack(options))
    answer = client.call(client.stub(IntrospectionStub).PluginInfo, request)
    return unpack(answer.extra, RuntimeInfo)


def test_our_own_runtime_says_its_name(client: Client) -> None:
    found = info(client, RuntimeRequest(runtime_path="io.containerd.tiffin.v2"))
    assert found.name == "io.containerd.tiffin.v2"


def test_a_shim_that_cannot_tell_is_unimplemented(client: Client) -> None:
    request = RuntimeRequest(runtime_path="io.containerd.runc.v2")  # of containerd 1.6
    assert refusal(info, client, request).code is StatusCode.UNIMPLEMENTED


def test_what_is_no_runtime_is_refused(client: Client) -> None:
    missing = RuntimeRequest(runtime_path="io.containerd.none.v9")
    assert refusal(info, client, missing).code is StatusCode.NOT_FOUND
    assert refusal(info, client, RuntimeInfo()).code is StatusCode.INVALID_ARGUMENT
