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


def test_options_of_the_first_shim() -> None:
    """As containerd 1.6 encodes runctypes.CreateOptions: field 8 is a switch, 9 a text, 10 and 11 numbers."""
    data = b"\x08\x01\x40\x01\x4a\x06/shims\x50\xe8\x07\x58\xe9\x07\x62\x05/work\x6a\x06/image\x10\x01"
    found = runtime_options(any_pb2.Any(type_url="containerd.linux.runc.CreateOptions", value=data))
    assert found == FOUND.replace(binary="", root="", systemd_cgroup=False)


def test_options_of_a_checkpoint_of_the_first_shim() -> None:
    """Two fields have their numbers the other way round."""
    data = b"\x08\x01\x32\x07network\x42\x02/w\x4a\x02/i"
    found = checkpoint_options(
        "/path", any_pb2.Any(type_url="containerd.linux.runc.CheckpointOptions", value=data)
    )
    assert found == CheckpointOptions("/i", "/w", exit=True, empty_namespaces=("network",))


@pytest.mark.parametrize(
    "data", [b"\x4a\x01\xff", b"\xff", b"\x4a\x05x", b"\x50\x80\x80\x80\x80\x80\x01", b"\x52\x01x"]
)
def test_what_the_first_shim_would_not_take(data: bytes) -> None:
    with pytest.raises(InvalidArgument, match="no options"):
        runtime_options(any_pb2.Any(type_url="containerd.linux.runc.CreateOptions", value=data))


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
