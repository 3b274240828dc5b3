"""Descriptors of protobuf within programs made of Go: a program that speaks an API has its text in it, compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto
from google.protobuf.message import DecodeError

GZIP = b"\x1f\x8b\x08"
LARGEST = 1 << 18  # bytes of a compressed descriptor; the largest known has 60000
GZIP_WINDOW = 31  # for zlib: with gzip's header

Fields = dict[int, tuple[str, int, int, str]]


def files(program: Path) -> Iterator[FileDescriptorProto]:
    """Every descriptor of a file in a program, as gogo's generator and the older one of protobuf put them there."""
    data = program.read_bytes()
    at = data.find(GZIP)
    while at >= 0:
        yield from decoded(data[at : at + LARGEST])
        at = data.find(GZIP, at + 1)


def decoded(stored: bytes) -> Iterator[FileDescriptorProto]:
    """One descriptor, or none where it is something else that was compressed."""
    stream = zlib.decompressobj(GZIP_WINDOW)
    try:
        file = FileDescriptorProto.FromString(stream.decompress(stored))
    except (zlib.error, DecodeError):
        return
    if stream.eof and file.name.endswith(".proto"):
        yield file


def messages(file: FileDescriptorProto) -> Iterator[tuple[str, DescriptorProto]]:
    """Messages by their full names, those within others too."""

    def below(prefix: str, message: DescriptorProto) -> Iterator[tuple[str, DescriptorProto]]:
        name = f"{prefix}.{message.name}"
        yield name, message
        for nested in message.nested_type:
            yield from below(name, nested)

    for message in file.message_type:
        yield from below(file.package, message)


def enumerations(file: FileDescriptorProto) -> Iterator[tuple[str, EnumDescriptorProto]]:
    yield from ((f"{file.package}.{each.name}", each) for each in file.enum_type)
    for name, message in messages(file):
        yield from ((f"{name}.{each.name}", each) for each in message.enum_type)


def fields(message: DescriptorProto) -> Fields:
    """Number to what the wire depends on: name, type, label, and the name of a message's or enumeration's type."""
    return {each.number: (each.name, each.type, each.label, each.type_name) for each in message.field}


def values(enumeration: EnumDescriptorProto) -> dict[str, int]:
    return {value.name: value.number for value in enumeration.value}


def methods(file: FileDescriptorProto) -> Iterator[tuple[str, tuple[str, str, bool, bool]]]:
    """The path of each method on the wire, to its messages and which side streams."""
    for service in file.service:
        for method in service.method:
            streams = (method.client_streaming, method.server_streaming)
            path = f"/{file.package}.{service.name}/{method.name}"
            yield path, (method.input_type, method.output_type, *streams)
