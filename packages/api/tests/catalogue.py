"""Every generated module of tiffin.api, and the messages and services in them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from google.protobuf import message_factory

import tiffin.api
from tiffin.api.service import Service

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FileDescriptor
    from google.protobuf.message import Message

PACKAGE = Path(tiffin.api.__file__).parent
SOURCE = PACKAGE.parent.parent


def names(ending: str) -> list[str]:
    """The modules whose names end so, none of them imported."""
    paths = sorted(PACKAGE.rglob(f"*{ending}.py"))
    return [".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in paths]


MESSAGES = names("_pb2")
SERVICES = names("_services")
GRPC = names("_pb2_grpc")


def modules(listed: list[str]) -> Iterator[ModuleType]:
    return (importlib.import_module(name) for name in listed)


def files() -> Iterator[FileDescriptor]:
    """The descriptor of each of our .proto files."""
    return (module.DESCRIPTOR for module in modules(MESSAGES))


def with_nested(descriptor: Descriptor) -> Iterator[Descriptor]:
    """A message and those within it; an entry of a map is no message of its own."""
    if not descriptor.GetOptions().map_entry:
        yield descriptor
    for nested in descriptor.nested_types:
        yield from with_nested(nested)


def messages() -> dict[str, type[Message]]:
    """Every class of a message, by its full name."""
    found = (
        each for file in files() for top in file.message_types_by_name.values() for each in with_nested(top)
    )
    return {each.full_name: message_factory.GetMessageClass(each) for each in found}


def descriptor(kind: type[Message]) -> Descriptor:
    """The one of a class; types of protobuf say that there are two kinds of them, which cannot be told apart."""
    return cast("Descriptor", kind.DESCRIPTOR)


def services() -> dict[str, Service]:
    """Every table of a service, by its full name."""
    tables = (
        value for module in modules(SERVICES) for value in vars(module).values() if isinstance(value, Service)
    )
    return {table.name: table for table in tables}
