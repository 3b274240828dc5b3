"""Events as trees, whatever somebody has published."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any

from tiffin.api.containerd.events.task_pb2 import TaskStart
from tiffin.cli.managed.happenings import _tree


def test_fields_of_what_is_known() -> None:
    event = Any(type_url="containerd.events.TaskStart", value=TaskStart(container_id="a").SerializeToString())
    assert _tree(event) == {"container_id": "a"}


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("containerd.events.TaskStart", b"\xff"),  # it is none
        ("types.example/other.Kind", b""),
        ("", b""),
    ],
)
def test_of_what_is_not_known_the_type(url: str, value: bytes) -> None:
    assert _tree(Any(type_url=url, value=value)) == {"type": url.rpartition("/")[2]}
