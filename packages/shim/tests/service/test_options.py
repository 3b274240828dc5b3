"""Options of runc's shim mean the same to ours, as a message and as the TOML that CRI makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import any_pb2

from tiffin.api.containerd.types.runc.options import oci_pb2
from tiffin.api.containerd.types.runtimeoptions.v1 import api_pb2
from tiffin.api.typeurl import pack
from tiffin.runtime.errors import InvalidArgument
from tiffin.shim.runtimes.options import CheckpointOptions, RuntimeOptions
from tiffin.shim.service.options import TOML, checkpoint_options, runtime_options

if TYPE_CHECKING:
    from pathlib import Path

ALL: dict[str, Any] = {
    "no_pivot_root": True,
    "no_new_keyring": True,
    "shim_cgroup": "/shims",
    "io_uid": 1000,
    "io_gid": 1001,
    "binary_name": "crun",
    "root": "/run/other",
    "systemd_cgroup": True,
    "criu_image_path": "/image",
    "criu_work_path": "/work",
}
FOUND = RuntimeOptions(
    binary="crun",
    root="/run/other",
    systemd_cgroup=True,
    no_pivot_root=True,
    no_new_keyring=True,
    io_owner=(1000, 1001),
    criu_image="/image",
    criu_work="/work",
    shim_cgroup="/shims",
)
AS_TOML = """
NoPivotRoot = true
NoNewKeyring = true
ShimCgroup = "/shims"
IoUid = 1000
IoGid = 1001
BinaryName = "crun"
Root = "/run/other"
SystemdCgroup = true
CriuImagePath = "/image"
CriuWorkPath = "/work"
CriuPath = "/sbin/criu"
TypeUrl = "runtimeoptions.v1.Options"
"""


def generic(**fields: Any) -> any_pb2.Any:
    return pack(api_pb2.Options(**fields))


def test_runc_s_options() -> None:
    assert runtime_options(pack(oci_pb2.Options(**ALL))) == FOUND


def test_none_at_all() -> None:
    assert runtime_options(any_pb2.Any()) == RuntimeOptions()
    assert runtime_options(pack(oci_pb2.Options())) == RuntimeOptions()


def test_one_owner_is_enough() -> None:
    assert runtime_options(pack(oci_pb2.Options(io_gid=7))).io_owner == (0, 7)


def test_toml_in_the_message() -> None:
    assert runtime_options(generic(config_body=AS_TOML.encode())) == FOUND


def test_toml_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text(AS_TOML)
    assert runtime_options(generic(config_path=str(path)), debug=True) == FOUND.replace(debug=True)


def test_every_option_of_runc_has_a_key_in_toml() -> None:
    fields = {field.name for field in oci_pb2.Options.DESCRIPTOR.fields}
    assert fields - {"task_api_address", "task_api_version"} == {field for field, _ in TOML.values() if field}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (generic(config_body=b"BinaryNam = 'x'"), "unknown option BinaryNam"),
        (generic(config_body=b"IoUid = 'x'"), "IoUid: must be a number"),
        (generic(config_body=b"IoUid = true"), "IoUid: must be a number"),
        (generic(config_body=b"IoUid ="), "no TOML"),
        (generic(config_path="there"), "absolute"),
        (generic(config_path="/nowhere/at/all"), "No such file"),
        (any_pb2.Any(type_url="some.Other", value=b"x"), "some.Other"),
        (any_pb2.Any(type_url="containerd.runc.v1.Options", value=b"\xff"), "no options"),
    ],
)
def test_what_is_wrong_is_named(value: any_pb2.Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        runtime_options(value)


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_a_number_that_no_user_has(number: int) -> None:
    with pytest.raises(InvalidArgument, match="IoUid"):
        runtime_options(generic(config_body=f"IoUid = {number}".encode()))


def test_options_of_a_checkpoint() -> None:
    message = oci_pb2.CheckpointOptions(
        exit=True, open_tcp=True, external_unix_sockets=True, terminal=True, file_locks=True,
        empty_namespaces=["network"], cgroups_mode="soft", work_path="/w", parent_path="../before",
    )  # fmt: skip
    assert checkpoint_options("/image", pack(message)) == CheckpointOptions(
        "/image", "/w", "../before", exit=True, open_tcp=True, external_unix_sockets=True, terminal=True,
        file_locks=True, empty_namespaces=("network",), cgroups_mode="soft",
    )  # fmt: skip
    assert checkpoint_options("/image", any_pb2.Any()) == CheckpointOptions("/image")
