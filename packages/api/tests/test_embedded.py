"""Our texts say what is embedded in containerd's own programs: names, numbers and types of all that they speak.

Debian's containerd is older than the release that our texts follow. What it says differently is in the table
`CHANGED_SINCE`; nothing else may be different.
"""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from packages.api.tests import catalogue, embedded

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("containerd")]
PROGRAMS = ("containerd", "containerd-shim-runc-v2")
CHANGED_SINCE = {
    ("containerd.services.events.v1.ForwardRequest", 1): "Envelope is of package containerd.types now",
    ("containerd.services.events.ttrpc.v1.ForwardRequest", 1): "the same",
    ("containerd.runc.v1.Options", 8): "criu_path was removed",
    ("runtime.v1.KeyValue", 2): "bytes instead of a string, which is the same on the wire",
    ("runtime.v1.ContainerEventResponse", 4): "was changed before anybody used it",
}
MOVED = {"containerd.services.events.v1.Envelope", "containerd.services.events.ttrpc.v1.Envelope"}


@functools.cache
def theirs() -> list[FileDescriptorProto]:
    """What their programs speak, of the packages that we have."""
    packages = {file.package for file in catalogue.files()}
    paths = (Path(shutil.which(program) or program) for program in PROGRAMS)
    return [file for path in paths for file in embedded.files(path) if file.package in packages]


@functools.cache
def ours() -> list[FileDescriptorProto]:
    """What our generated modules say."""
    found = [(descriptor, FileDescriptorProto()) for descriptor in catalogue.files()]
    for descriptor, file in found:
        descriptor.CopyToProto(file)
    return [file for _, file in found]


def test_there_is_something_to_compare() -> None:
    """An empty comparison would prove nothing: of containerd itself, of its shim, and of CRI there is much."""
    messages = {name for file in theirs() for name, _ in embedded.messages(file)}
    assert len(messages) > 300
    assert {"containerd.task.v2.CreateTaskRequest", "runtime.v1.PodSandboxConfig"} <= messages
    assert {"io.containerd.cgroups.v1.Metrics", "containerd.events.TaskExit"} <= messages


def test_each_field_has_the_same_number_name_and_type() -> None:
    mine = {name: embedded.fields(message) for file in ours() for name, message in embedded.messages(file)}
    told = {name: embedded.fields(message) for file in theirs() for name, message in embedded.messages(file)}
    assert set(told) - set(mine) == MOVED
    different = {
        (name, number)
        for name in set(told) - MOVED
        for number, field in told[name].items()
        if mine[name].get(number) != field
    }
    assert different == set(CHANGED_SINCE)


def test_each_value_of_an_enumeration_has_the_same_number() -> None:
    mine = {name: embedded.values(each) for file in ours() for name, each in embedded.enumerations(file)}
    told = {name: embedded.values(each) for file in theirs() for name, each in embedded.enumerations(file)}
    assert "runtime.v1.MountPropagation" in told
    assert {name: mine[name].items() & values.items() for name, values in told.items()} == {
        name: values.items() for name, values in told.items()
    }


def test_each_method_has_the_same_messages() -> None:
    mine = {name: method for file in ours() for name, method in embedded.methods(file)}
    told = {name: method for file in theirs() for name, method in embedded.methods(file)}
    assert len(told) > 100
    different = {name for name, method in told.items() if mine.get(name) != method}
    # its answers are Envelopes, which have moved
    assert different == {"/containerd.services.events.v1.Events/Subscribe"}
