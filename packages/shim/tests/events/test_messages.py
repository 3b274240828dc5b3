"""Every event has a message of containerd's with the same fields, and arrives whole."""

from __future__ import annotations

import pytest

from tiffin.api.containerd.events import task_pb2
from tiffin.shim.events import values
from tiffin.shim.events.messages import MESSAGES, message_of


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: str(kind.__name__))
def test_an_event_has_the_fields_of_its_message(kind: type[values.Event]) -> None:
    message = MESSAGES[kind]
    assert set(kind._fields) == {field.name for field in message.DESCRIPTOR.fields}
    assert message.DESCRIPTOR.full_name == f"containerd.events.{kind.__name__}"


def test_every_event_is_in_the_table_and_has_a_topic_of_its_own() -> None:
    kinds = values.Event.__subclasses__()
    assert set(MESSAGES) == set(kinds)
    assert len({kind.topic for kind in kinds}) == len(kinds)
    assert all(kind.topic.startswith("/tasks/") for kind in kinds)


def test_what_is_in_an_event_is_in_its_message() -> None:
    event = values.TaskCreate(
        container_id="one",
        bundle="/run/one",
        rootfs=(values.Mount("overlay", "overlay", options=("lowerdir=/a", "ro")),),
        io=values.TaskIO(stdout="/out", terminal=True),
        checkpoint="/image",
        pid=42,
    )
    message = message_of(event)
    assert isinstance(message, task_pb2.TaskCreate)
    assert (message.container_id, message.bundle, message.checkpoint, message.pid) == (
        "one",
        "/run/one",
        "/image",
        42,
    )
    assert (message.io.stdout, message.io.terminal) == ("/out", True)
    assert [(mount.type, list(mount.options)) for mount in message.rootfs] == [
        ("overlay", ["lowerdir=/a", "ro"])
    ]


def test_a_time_arrives_to_the_nanosecond() -> None:
    at = 1_700_000_000_123_456_789
    message = message_of(values.TaskExit("one", "one", 42, 137, at))
    assert isinstance(message, task_pb2.TaskExit)
    assert (message.exited_at.ToNanoseconds(), message.exit_status) == (at, 137)
