"""A container's options: containerd's messages to `RuntimeOptions`.

Three kinds come: runc's own (from ctr, Docker, and CRI for io.containerd.runc.v2); for runtimes that containerd does
not know (so CRI treats ours) the same options as TOML, in a file or in the message; and, from clients before 2.0 with
such a runtime (`ctr run --no-pivot`), those of containerd's first shim (`old_options`).

Source: containerd, api/types/runc/options, api/types/runtimeoptions/v1; internal/cri/config (GenerateRuntimeOptions).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import DecodeError

from tiffin.api.containerd.types.runc.options import oci_pb2
from tiffin.runtime.errors import InvalidArgument

from ..runtimes.options import CheckpointOptions, RuntimeOptions
from . import old_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import Message

    M = TypeVar("M", bound=Message)

TEXT = {str: "a string", bool: "true or false", int: "a number"}
TOML: Mapping[str, tuple[str, type]] = {  # key there: field here, type
    "BinaryName": ("binary_name", str),
    "Root": ("root", str),
    "SystemdCgroup": ("systemd_cgroup", bool),
    "NoPivotRoot": ("no_pivot_root", bool),
    "NoNewKeyring": ("no_new_keyring", bool),
    "ShimCgroup": ("shim_cgroup", str),
    "IoUid": ("io_uid", int),
    "IoGid": ("io_gid", int),
    "CriuImagePath": ("criu_image_path", str),
    "CriuWorkPath": ("criu_work_path", str),
    "CriuPath": ("", str),  # of releases before 2.0; runc looks for it in $PATH since
    "TaskAPIAddress": ("", str),  # where a sandbox listens: containerd's own business
    "TaskAPIVersion": ("", int),
    "TypeUrl": ("", str),
}


def runtime_options(value: Any, *, debug: bool = False) -> RuntimeOptions:
    """The options in a request. Raises InvalidArgument, naming the key, for what cannot be options."""
    found = _options(value)
    owner = (found.io_uid, found.io_gid)
    return RuntimeOptions(
        binary=found.binary_name,
        root=found.root,
        systemd_cgroup=found.systemd_cgroup,
        no_pivot_root=found.no_pivot_root,
        no_new_keyring=found.no_new_keyring,
        io_owner=owner if any(owner) else None,
        criu_image=found.criu_image_path,
        criu_work=found.criu_work_path,
        shim_cgroup=found.shim_cgroup,
        debug=debug,
    )


def checkpoint_options(path: str, value: Any) -> CheckpointOptions:
    """The options of a checkpoint. path: of the image, which `image_path` in the options overrides."""
    found = _checkpoint_options(value)
    return CheckpointOptions(
        image=found.image_path or path,
        work=found.work_path,
        parent=found.parent_path,
        exit=found.exit,
        open_tcp=found.open_tcp,
        external_unix_sockets=found.external_unix_sockets,
        terminal=found.terminal,
        file_locks=found.file_locks,
        empty_namespaces=tuple(found.empty_namespaces),
        cgroups_mode=found.cgroups_mode,
    )


def _checkpoint_options(value: Any) -> oci_pb2.CheckpointOptions:
    name = value.type_url.rpartition("/")[2]
    if name == old_options.CHECKPOINT:
        return old_options.checkpoint_options(value.value)
    if not value.value or name == oci_pb2.CheckpointOptions.DESCRIPTOR.full_name:
        return _decoded(value, oci_pb2.CheckpointOptions)
    raise InvalidArgument(f"options of type {value.type_url}: containerd.runc.v1.CheckpointOptions are known")


def _options(value: Any) -> oci_pb2.Options:
    name = value.type_url.rpartition("/")[2]
    if not value.value or not name:
        return oci_pb2.Options()
    if name == oci_pb2.Options.DESCRIPTOR.full_name:
        return _decoded(value, oci_pb2.Options)
    if name == old_options.CREATE:
        return old_options.create_options(value.value)
    if name == "runtimeoptions.v1.Options":
        return _from_toml(_toml_in(value))
    raise InvalidArgument(f"options of type {value.type_url}: containerd.runc.v1.Options are known")


def _decoded(value: Any, kind: type[M]) -> M:
    try:
        return kind.FromString(value.value)
    except DecodeError as error:
        raise InvalidArgument(f"these are no options: {error}") from error


def _toml_in(value: Any) -> str:
    from tiffin.api.containerd.types.runtimeoptions.v1 import api_pb2

    options = _decoded(value, api_pb2.Options)
    if not options.config_path:
        return options.config_body.decode("utf-8", "replace")
    if not os.path.isabs(options.config_path):
        raise InvalidArgument(f"ConfigPath: must be an absolute path: {options.config_path}")
    try:
        with open(options.config_path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError as error:
        raise InvalidArgument(f"ConfigPath: {options.config_path}: {error.strerror}") from error


def _from_toml(text: str) -> oci_pb2.Options:
    import tomllib

    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgument(f"the options are no TOML: {error}") from error
    found = oci_pb2.Options()
    for key, value in tree.items():
        if key not in TOML:
            raise InvalidArgument(f"unknown option {key}; known are {', '.join(sorted(TOML))}")
        field, kind = TOML[key]
        if type(value) is not kind:
            raise InvalidArgument(f"option {key}: must be {TEXT[kind]}")
        if field:
            _set(found, field, key, value)
    return found


def _set(options: oci_pb2.Options, field: str, key: str, value: object) -> None:
    try:
        setattr(options, field, value)
    except ValueError as error:  # a number that is out of range
        raise InvalidArgument(f"option {key}: {error}") from error
