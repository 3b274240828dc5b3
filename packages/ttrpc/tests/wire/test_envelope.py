"""The envelopes against google.protobuf's own codec: the same bytes, the same values, the same refusals."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from hypothesis import example, given
from hypothesis import strategies as st

from tiffin.ttrpc.status import Detail, Status
from tiffin.ttrpc.wire.envelope import Request, Response, pairs_of
from tiffin.ttrpc.wire.protobuf import Malformed

Field = descriptor_pb2.FieldDescriptorProto
STRING, BYTES, INT64, MESSAGE = Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_INT64, Field.TYPE_MESSAGE
REPEATED = Field.LABEL_REPEATED
MESSAGES: dict[str, tuple[tuple[Any, ...], ...]] = {  # name, number, type, type's name, label
    "Request": (
        ("service", 1, STRING),
        ("method", 2, STRING),
        ("payload", 3, BYTES),
        ("timeout_nano", 4, INT64),
        ("metadata", 5, MESSAGE, ".tiffin.test.KeyValue", REPEATED),
    ),
    "Response": (("status", 1, MESSAGE, ".google.rpc.Status"), ("payload", 2, BYTES)),
    "KeyValue": (("key", 1, STRING), ("value", 2, STRING)),
}


def reference_classes() -> dict[str, Any]:
    """The classes that protoc would make for ttrpc's messages."""
    file = descriptor_pb2.FileDescriptorProto(
        name="tiffin/test.proto", package="tiffin.test", syntax="proto3"
    )
    file.dependency.append("google/rpc/status.proto")
    for name, fields in MESSAGES.items():
        described = file.message_type.add(name=name)
        for field, number, kind, *rest in fields:
            type_name, label = (*rest, None, None)[:2]
            described.field.add(
                name=field, number=number, type=kind, type_name=type_name, label=label or Field.LABEL_OPTIONAL
            )
    pool = descriptor_pool.Default()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tiffin.test.{name}"))
        for name in MESSAGES
    }


CLASSES = reference_classes()
TEXT = st.text(max_size=20)
PAYLOAD = st.binary(max_size=300)
REQUESTS = st.builds(
    Request, TEXT, TEXT, PAYLOAD, st.integers(-(2**63), 2**63 - 1),
    st.lists(st.tuples(TEXT, TEXT), max_size=4).map(tuple),
)  # fmt: skip
STATUSES = st.builds(
    Status, st.integers(-(2**31), 2**31 - 1), TEXT, st.lists(st.builds(Detail, TEXT, PAYLOAD), max_size=3).map(tuple)
)  # fmt: skip
RESPONSES = st.builds(Response, STATUSES, PAYLOAD)


def as_request(message: Any) -> Request:
    pairs = tuple((each.key, each.value) for each in message.metadata)
    return Request(message.service, message.method, message.payload, message.timeout_nano, pairs)


def as_response(message: Any) -> Response:
    status: status_pb2.Status = message.status
    details = tuple(Detail(each.type_url, each.value) for each in status.details)
    return Response(Status(status.code, status.message, details), message.payload)


@given(REQUESTS)
def test_requests_are_encoded_as_protobuf_does(request: Request) -> None:
    data = request.encode()
    assert as_request(CLASSES["Request"].FromString(data)) == request
    assert Request.decode(data) == request
    assert Request.decode(CLASSES["Request"].FromString(data).SerializeToString()) == request


@given(RESPONSES)
def test_responses_are_encoded_as_protobuf_does(response: Response) -> None:
    data = response.encode()
    assert as_response(CLASSES["Response"].FromString(data)) == response
    assert Response.decode(data) == response
    assert Response.decode(CLASSES["Response"].FromString(data).SerializeToString()) == response


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An encoded envelope with some bytes changed, taken out or put in; or any bytes at all."""
    data = bytearray(draw(st.one_of(REQUESTS.map(Request.encode), RESPONSES.map(Response.encode), PAYLOAD)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


@given(damaged())
@example(b"\x0a\x80")  # a length that does not end
@example(b"\x20" + b"\xff" * 9 + b"\x01")  # the largest number of ten bytes
@example(b"\x20" + b"\xff" * 9 + b"\x02")  # one bit more
@example(b"\x20" + b"\x80" * 9 + b"\x01")
@example(b"\x20" + b"\x80" * 10 + b"\x01")  # eleven bytes
@example(b"\x00\x01")  # field 0
@example(b"\x80\x80\x80\x80\x20\x01")  # a field of more than 29 bits
@example(b"\x53\x54")  # an empty group
@example(b"\x53\x08\x01\x5c")  # a group that ends as another
@example(b"\x53" * 99 + b"\x54" * 99)
@example(b"\x53" * 101 + b"\x54" * 101)
@example(b"\x54")
@example(b"\x0d\x01\x02\x03\x04\x09" + bytes(8))  # fields of known numbers, but of other types
@example(b"\x0a\x02\x08\x05\x0a\x03\x12\x01x")  # a status in two parts
@example(b"\x57")  # wire type 7
@example(b"\x0a\x01\x80\x0a\x01\x01")  # a status in two parts, neither of which is one
@example(b"\x2a\x06\x0a\x01\xff\x0a\x01a")  # a string that is no UTF-8, before one that is
@example(b"\x80\x80\x80\x80\x80\x00\x01")  # a field's number in six bytes
@example(b"\x0a\x81\x80\x80\x80\x80\x00x")  # a length in six bytes
@example(b"\x0a\xff\xff\xff\xff\x0f")  # a length of 32 bits
@example(b"\x53\x00\x01\x54")  # field 0 in a group
def test_what_is_damaged_is_refused_where_protobuf_refuses_it(data: bytes) -> None:
    for name, ours, seen in (("Request", Request, as_request), ("Response", Response, as_response)):
        try:
            expected: Any = seen(CLASSES[name].FromString(data))
        except DecodeError:
            with pytest.raises(Malformed):
                ours.decode(data)
        else:
            assert ours.decode(data) == expected


def test_text_that_is_no_unicode_can_be_told() -> None:
    message = "cannot open \udcff"  # as Python has file names that are not UTF-8
    assert Response.decode(Response(Status(5, message)).encode()).status.message == "cannot open \\udcff"


def test_metadata_is_sent_in_lower_case_one_pair_for_each_value() -> None:
    assert pairs_of({"Key": "value", "many": ["a", "b"], "none": []}) == (
        ("key", "value"),
        ("many", "a"),
        ("many", "b"),
    )
    assert pairs_of(None) == ()
