"""Options of containerd's first shim, which clients before 2.0 send to a runtime whose name they do not know.

Only what the newer messages have a field for is taken. The API of containerd 2.x has no such messages any more, so they
are read by hand.

Source: containerd 1.7, runtime/linux/runctypes/runc.proto.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.types.runc.options import oci_pb2
from tiffin.runtime.errors import InvalidArgument
from tiffin.ttrpc.wire.protobuf import Malformed, fields, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    M = TypeVar("M", oci_pb2.Options, oci_pb2.CheckpointOptions)

CREATE = "containerd.linux.runc.CreateOptions"
CHECKPOINT = "containerd.linux.runc.CheckpointOptions"

CREATE_FIELDS = {
    1: "no_pivot_root",
    8: "no_new_keyring",
    9: "shim_cgroup",
    10: "io_uid",
    11: "io_gid",
    12: "criu_work_path",
    13: "criu_image_path",
}
CHECKPOINT_FIELDS = {
    1: "exit",
    2: "open_tcp",
    3: "external_unix_sockets",
    4: "terminal",
    5: "file_locks",
    6: "empty_namespaces",
    7: "cgroups_mode",
    8: "work_path",
    9: "image_path",
}


def create_options(data: bytes) -> oci_pb2.Options:
    """Raises InvalidArgument."""
    return _filled(oci_pb2.Options(), data, CREATE_FIELDS)


def checkpoint_options(data: bytes) -> oci_pb2.CheckpointOptions:
    """Raises InvalidArgument."""
    return _filled(oci_pb2.CheckpointOptions(), data, CHECKPOINT_FIELDS)


def _filled(message: M, data: bytes, names: Mapping[int, str]) -> M:
    try:
        for tag, value in fields(data):
            name = names.get(tag >> 3)
            if name is not None:
                _set(message, name, value)
    except (Malformed, ValueError, TypeError) as error:
        raise InvalidArgument(f"these are no options: {error}") from error
    return message


def _set(message: M, name: str, value: int | bytes) -> None:
    """Raises Malformed, ValueError, TypeError for a value that the field does not have."""
    now = getattr(message, name)
    if isinstance(now, bool):
        setattr(message, name, bool(value))
    elif isinstance(now, int):
        setattr(message, name, value)
    elif isinstance(value, int):
        raise Malformed(f"{name} is a number")
    elif isinstance(now, str):
        setattr(message, name, text(value))
    else:
        now.append(text(value))
