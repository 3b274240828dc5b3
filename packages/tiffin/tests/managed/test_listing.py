"""Containers of a manager as `ps` lists them, whatever their makers have stored."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage

from tiffin.api.containerd.services.containers.v1.containers_pb2 import Container as Record
from tiffin.cli.managed.listing import inspected, listed
from tiffin.manager.client.containers import Container


@pytest.mark.parametrize(
    ("spec", "command"),
    [
        (b'{"process": {"args": ["sleep", "300"]}}', "sleep 300"),
        (b"", ""),
        (b"no JSON", ""),
        (b"[" * 100_000, ""),
        (b"[]", ""),
        (b'{"process": null}', ""),
        (b'{"process": {"args": null}}', ""),
        (b'{"process": {"args": [1, null]}}', "1 None"),
    ],
)
def test_configs_of_any_kind(spec: bytes, command: str) -> None:
    session: Any = None
    record = Record(id="a", spec=AnyMessage(value=spec))
    found = listed(Container(session, record), None)
    assert (found.name, found.command, found.status) == ("a", command, "no task")
    assert inspected(record, None)["id"] == "a"
