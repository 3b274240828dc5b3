"""The tables of services say what the .proto files and the stubs of grpc say."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import MethodType
from typing import Any

import pytest
from google.protobuf import message_factory
from packages.api.tests import catalogue

import tiffin.api.containerd.services.content.v1.content_services as content
from tiffin.api.service import Method

TABLES = catalogue.services()
DESCRIPTORS = {each.full_name: each for file in catalogue.files() for each in file.services_by_name.values()}
CALL = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


def test_each_service_has_a_table() -> None:
    assert set(TABLES) == set(DESCRIPTORS)
    assert len(TABLES) == len(catalogue.SERVICES) + 1  # services/sandbox/v1 has two


@pytest.mark.parametrize("name", sorted(DESCRIPTORS))
def test_a_table_says_what_the_text_says(name: str) -> None:
    said = {
        method.name: Method(
            message_factory.GetMessageClass(method.input_type),
            message_factory.GetMessageClass(method.output_type),
            method.client_streaming,
            method.server_streaming,
        )
        for method in DESCRIPTORS[name].methods
    }
    assert dict(TABLES[name].methods) == said


class Listener:
    """In place of a channel: writes down what a stub registers."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple[str, object, object]] = {}

    def __getattr__(self, call: str) -> Callable[..., None]:
        def register(
            path: str,
            request_serializer: Callable[[Any], bytes],
            response_deserializer: MethodType,
            *,
            _registered_method: bool,
        ) -> None:
            self.calls[path] = (call, request_serializer, response_deserializer.__self__)

        return register


@pytest.mark.parametrize("name", sorted(DESCRIPTORS))
def test_a_stub_calls_what_the_table_has(name: str) -> None:
    module = importlib.import_module(
        DESCRIPTORS[name].file.name.removesuffix(".proto").replace("/", ".") + "_pb2_grpc"
    )
    channel = Listener()
    getattr(module, f"{DESCRIPTORS[name].name}Stub")(channel)
    expected = {
        f"/{name}/{method}": (
            CALL[2 * row.client_streaming + row.server_streaming],
            row.request.SerializeToString,
            row.response,
        )
        for method, row in TABLES[name].methods.items()
    }
    assert channel.calls == expected


def test_a_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        content.CONTENT.methods["Info"] = content.CONTENT.methods["List"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        content.CONTENT.name = "other"  # type: ignore[misc]
