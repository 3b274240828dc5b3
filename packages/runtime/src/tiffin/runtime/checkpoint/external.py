"""What a checkpoint must leave out since it is the host's: bound mounts, and namespaces that were only joined.

CRIU calls them external, under a key; at restore it is told by the same key what to put there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import InvalidArgument, Unsupported
from .paths import resolve_in_root

Config = Mapping[str, Any]

# Namespaces that CRIU leaves out at dump and gets as a descriptor at restore, by the spec's names: CRIU's name, key.
EXTERNAL_NAMESPACES = {"network": ("net", "extRootNetNS"), "pid": ("pid", "extRootPidNS")}
JOINABLE_NAMESPACES = {"ipc": "ipc", "uts": "uts", "mount": "mnt", "user": "user", "time": "time"}
MASK_KEY = "/dev/null"


def is_bind(mount: Mapping[str, Any]) -> bool:
    return mount.get("type") == "bind" or not {"bind", "rbind"}.isdisjoint(mount.get("options") or ())


def bind_mounts(config: Config, rootfs: str) -> Iterator[tuple[str, str]]:
    """(mount point inside the container, source on the host) of every bind mount and bound device."""
    for mount in config.get("mounts") or ():
        if is_bind(mount):
            yield resolve_in_root(rootfs, mount["destination"]), mount.get("source") or ""
    for device in config.get("linux", {}).get("devices") or ():
        yield resolve_in_root(rootfs, device["path"]), device["path"]


def masked_files(config: Config, pid: int) -> Iterator[str]:
    """The masked paths that are files: /dev/null is bound over them; folders have a tmpfs, which CRIU knows."""
    for path in config.get("linux", {}).get("maskedPaths") or ():
        try:
            status = os.stat(f"/proc/{pid}/root/{path}")
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not stat.S_ISDIR(status.st_mode):
            yield path


def mounts_to_leave_out(config: Config, rootfs: str, pid: int) -> list[dict[str, str]]:
    """`ext_mnt` of a dump: key by mount point."""
    found = {destination: destination for destination, _ in bind_mounts(config, rootfs)}
    found |= dict.fromkeys(masked_files(config, pid), MASK_KEY)
    return [{"key": mount_point, "val": key} for mount_point, key in found.items()]


def mounts_to_put_in(config: Config, rootfs: str) -> list[dict[str, str]]:
    """`ext_mnt` of a restore: what to bind, by key."""
    found = dict(bind_mounts(config, rootfs))
    if config.get("linux", {}).get("maskedPaths"):
        found[MASK_KEY] = MASK_KEY
    return [{"key": key, "val": source} for key, source in found.items()]


def joined_namespaces(config: Config) -> dict[str, str]:
    """Type and path of the namespaces that the container did not make."""
    listed = config.get("linux", {}).get("namespaces") or ()
    return {namespace["type"]: namespace["path"] for namespace in listed if namespace.get("path")}


def namespaces_to_leave_out(config: Config) -> list[str]:
    """`external` of a dump: TYPE[INODE]:KEY.

    Raises:
        InvalidArgument: a namespace is gone.
    """
    found = []
    for kind, path in joined_namespaces(config).items():
        if kind in EXTERNAL_NAMESPACES:
            name, key = EXTERNAL_NAMESPACES[kind]
            try:
                inode = os.stat(path).st_ino
            except OSError as error:
                raise InvalidArgument(
                    f"linux.namespaces: the {kind} namespace {path}: {error.strerror}"
                ) from error
            found.append(f"{name}[{inode}]:{key}")
    return found


def namespaces_to_join(config: Config) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """`inherit_fd` (with descriptors that the caller closes) and `join_ns` of a restore.

    Raises:
        InvalidArgument: a namespace does not exist.
        Unsupported: CRIU cannot join this kind.
    """
    inherited: list[dict[str, Any]] = []
    joined: list[dict[str, str]] = []
    try:
        for kind, path in joined_namespaces(config).items():
            if kind in EXTERNAL_NAMESPACES:
                key = EXTERNAL_NAMESPACES[kind][1]
                inherited.append({"key": key, "fd": os.open(path, os.O_RDONLY | os.O_CLOEXEC)})
            elif kind in JOINABLE_NAMESPACES:
                joined.append({"ns": JOINABLE_NAMESPACES[kind], "ns_file": path})
            else:
                raise Unsupported(f"linux.namespaces: criu cannot restore into the {kind} namespace {path}")
    except OSError as error:
        close_inherited(inherited)
        raise InvalidArgument(f"linux.namespaces: {error.filename}: {error.strerror}") from error
    except Unsupported:
        close_inherited(inherited)
        raise
    return inherited, joined


def close_inherited(inherited: list[dict[str, Any]]) -> None:
    for entry in inherited:
        os.close(entry["fd"])
