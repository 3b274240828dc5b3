"""What each generation of containerd sends is understood, and answered in its own way."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf import any_pb2
from hypothesis import given
from hypothesis import strategies as st

from tiffin.api.containerd.runtime.bootstrap.v1 import bootstrap_pb2
from tiffin.api.containerd.types.runc.options import oci_pb2
from tiffin.api.typeurl import pack
from tiffin.runtime.errors import InvalidArgument
from tiffin.shim.command.bootstrap import Parameters, answer_of, parameters_of
from tiffin.shim.command.flags import Invocation

INVOCATION = Invocation(namespace="n", id="one", address="/c.sock", action="start")
OPTIONS = oci_pb2.Options(shim_cgroup="/shims", io_uid=1000, binary_name="crun", systemd_cgroup=True)
ADDRESS = "unix:///run/containerd/s/abc"


def bootstrap_parameters(**fields: Any) -> bytes:
    message = bootstrap_pb2.BootstrapParams(
        instance_id="one",
        namespace="n",
        containerd_ttrpc_address="/c.ttrpc",
        containerd_grpc_address="/c.grpc",
        **fields,
    )
    message.extensions.add().value.CopyFrom(pack(OPTIONS))
    return message.SerializeToString()


def test_containerd_1_6_gets_an_address() -> None:
    found = parameters_of(b"", INVOCATION, {"TTRPC_ADDRESS": "/c.ttrpc"})
    assert found == Parameters(ttrpc_address="/c.ttrpc", grpc_address="/c.sock", version=2)
    assert answer_of(found, ADDRESS) == ADDRESS.encode()


def test_options_are_an_any_until_2_2() -> None:
    found = parameters_of(pack(OPTIONS).SerializeToString(), INVOCATION, {"MAX_SHIM_VERSION": "2"})
    assert (found.shim_cgroup, found.version, found.framed) == ("/shims", 2, False)


def test_options_of_the_first_shim_name_a_cgroup_too() -> None:
    packed = any_pb2.Any(type_url="containerd.linux.runc.CreateOptions", value=b"\x4a\x06/shims")
    assert parameters_of(packed.SerializeToString(), INVOCATION, {}).shim_cgroup == "/shims"


def test_options_of_another_shim_are_none_of_ours() -> None:
    other = pack(OPTIONS)
    other.type_url = "runtimeoptions.v1.Options"
    assert parameters_of(other.SerializeToString(), INVOCATION, {}).shim_cgroup == ""


@pytest.mark.parametrize("most", ["3", "4"])
def test_who_takes_version_3_gets_json(most: str) -> None:
    found = parameters_of(b"", INVOCATION, {"MAX_SHIM_VERSION": most})
    assert json.loads(answer_of(found, ADDRESS)) == {"version": 3, "address": ADDRESS, "protocol": "ttrpc"}


def test_containerd_2_3_sends_parameters_and_gets_a_message() -> None:
    found = parameters_of(
        bootstrap_parameters(socket_dir="/sockets", log_level=bootstrap_pb2.LOG_LEVEL_DEBUG), INVOCATION, {}
    )
    assert found == Parameters(
        "/c.ttrpc", "/c.grpc", "/sockets", "/shims", debug=True, framed=True, version=3
    )
    answer = bootstrap_pb2.BootstrapResult.FromString(answer_of(found, ADDRESS))
    assert (answer.version, answer.address, answer.protocol) == (3, ADDRESS, "ttrpc")


@pytest.mark.parametrize("level", [bootstrap_pb2.LOG_LEVEL_INFO, bootstrap_pb2.LOG_LEVEL_ERROR])
def test_other_levels_of_logs_are_not_debug(level: bootstrap_pb2.LogLevel) -> None:
    assert not parameters_of(bootstrap_parameters(log_level=level), INVOCATION, {}).debug


def test_an_answer_in_bytes_is_no_address_and_an_address_no_message() -> None:
    """containerd 2.3 tries one after the other: none of ours may be taken for another."""
    with pytest.raises(Exception, match="parsing"):
        bootstrap_pb2.BootstrapResult.FromString(ADDRESS.encode())
    with pytest.raises(Exception, match="parsing"):
        bootstrap_pb2.BootstrapResult.FromString(answer_of(Parameters(version=3), ADDRESS))


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    with suppress(InvalidArgument):
        parameters_of(data, INVOCATION, {})
