"""Messages within an Any: containerd's way of naming them, and others' too."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError

from tiffin.api.containerd.events.task_pb2 import TaskOOM, TaskPaused
from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
from tiffin.api.typeurl import holds, pack, unpack

MESSAGE = TaskOOM(container_id="one")


def test_a_packed_message_has_its_bare_name() -> None:
    packed = pack(MESSAGE)
    assert packed.type_url == "containerd.events.TaskOOM"
    assert unpack(packed, TaskOOM) == MESSAGE


@pytest.mark.parametrize("host", ["", "type.googleapis.com/", "a/b/"])
def test_a_host_before_the_name_does_not_count(host: str) -> None:
    packed = Any(type_url=f"{host}containerd.events.TaskOOM", value=MESSAGE.SerializeToString())
    assert holds(packed, TaskOOM)
    assert unpack(packed, TaskOOM) == MESSAGE


def test_what_protobuf_packs_is_read() -> None:
    packed = Any()
    packed.Pack(Options(root="/run"))
    assert unpack(packed, Options).root == "/run"


@pytest.mark.parametrize("packed", [pack(MESSAGE), Any(), Any(type_url="xcontainerd.events.TaskPaused")])
def test_another_message_is_refused(packed: Any) -> None:
    assert not holds(packed, TaskPaused)
    with pytest.raises(TypeError, match=r"where containerd\.events\.TaskPaused should be"):
        unpack(packed, TaskPaused)


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(DecodeError):
        unpack(Any(type_url="containerd.events.TaskOOM", value=b"\x0a\xff"), TaskOOM)
