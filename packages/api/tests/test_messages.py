"""Every message survives the wire, whatever its fields hold, and whatever fields it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import unknown_fields
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packages.api.tests import catalogue, drawn

from tiffin.api.containerd.types import mount_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

ALL = catalogue.messages()
PACKAGES = sorted({kind.DESCRIPTOR.file.package for kind in ALL.values()})
UNKNOWN = 500_000_000  # a number that no field of these has


def of_package(package: str) -> dict[str, type[Message]]:
    return {name: kind for name, kind in ALL.items() if kind.DESCRIPTOR.file.package == package}


def test_messages_are_found() -> None:
    assert len(ALL) > 400
    assert {
        "containerd.task.v2.CreateTaskRequest",
        "runtime.v1.PodSandboxConfig",
        "containerd.runc.v1.Options",
    } <= set(ALL)


@pytest.mark.parametrize("package", PACKAGES)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_each_comes_back_as_it_was_sent(package: str, data: st.DataObject) -> None:
    kinds = of_package(package)
    name = data.draw(st.sampled_from(sorted(kinds)))
    sent = data.draw(drawn.messages(catalogue.descriptor(kinds[name])))
    assert kinds[name].FromString(sent.SerializeToString()) == sent


@pytest.mark.parametrize("package", PACKAGES)
def test_each_keeps_fields_that_it_does_not_know(package: str) -> None:
    """A peer of a newer release sends more; what passes through us arrives whole."""
    newer = tag(UNKNOWN) + b"\x03new"
    for name, kind in of_package(package).items():
        message = kind.FromString(newer)
        unknown: Any = unknown_fields.UnknownFieldSet(message)  # its types lack __iter__
        (field,) = unknown
        assert (name, field.field_number, field.data) == (name, UNKNOWN, b"new")
        assert message.SerializeToString() == newer


def tag(number: int) -> bytes:
    """The varint before a field of bytes: the number, and wire type 2."""
    value, parts = number << 3 | 2, []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


@pytest.mark.parametrize("package", PACKAGES)
def test_an_empty_one_is_nothing_on_the_wire(package: str) -> None:
    for name, kind in of_package(package).items():
        assert (name, kind().SerializeToString()) == (name, b"")


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_message_that_was_cut_short_is_refused(cut: int) -> None:
    whole = mount_pb2.Mount(type="overlay").SerializeToString()
    with pytest.raises(DecodeError):
        mount_pb2.Mount.FromString(whole[:-cut])
