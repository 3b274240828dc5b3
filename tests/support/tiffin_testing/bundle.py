"""OCI bundles for tests: a busybox rootfs, and a config that a test changes by a merge patch.

bundle = make_bundle(tmp_path, {"process": {"args": ["id"]}, "hostname": None})
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Config = dict[str, Any]

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
DEVICE_FILES = ["nosuid", "strictatime", "mode=755", "size=65536k"]
SAFE = ["nosuid", "noexec", "nodev"]


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk; `config` is what stands in its config.json."""

    path: Path
    config: Config

    @property
    def rootfs(self) -> Path:
        return self.path / "rootfs"


def default_config(args: Sequence[str] = ("true",), *, rootless: bool = False) -> Config:
    """A usual config: every namespace new, the usual mounts, few capabilities. Rootless maps the caller to root."""
    namespaces = ["pid", "network", "ipc", "uts", "mount", "cgroup"]
    config: Config = {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": list(args),
            "env": [PATH, "TERM=xterm"],
            "cwd": "/",
            "capabilities": {name: list(CAPABILITIES) for name in ("bounding", "effective", "permitted")},
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": False},
        "hostname": "tiffin-test",
        "mounts": _mounts(rootless=rootless),
        "linux": {
            "namespaces": [{"type": name} for name in namespaces],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }
    if rootless:
        config["linux"]["namespaces"].append({"type": "user"})
        config["linux"] |= _own_ids_as_root()
    else:
        config["linux"]["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    return config


def _mounts(*, rootless: bool) -> list[Config]:
    pts = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
    mounts = [
        ("/proc", "proc", "proc", []),
        ("/dev", "tmpfs", "tmpfs", DEVICE_FILES),
        ("/dev/pts", "devpts", "devpts", pts if rootless else [*pts, "gid=5"]),
        ("/dev/shm", "tmpfs", "shm", [*SAFE, "mode=1777", "size=65536k"]),
        ("/dev/mqueue", "mqueue", "mqueue", SAFE),
    ]
    if rootless:
        mounts.append(("/sys", "none", "/sys", ["rbind", *SAFE, "ro"]))
    else:
        mounts.append(("/sys", "sysfs", "sysfs", [*SAFE, "ro"]))
    return [dict(zip(("destination", "type", "source", "options"), row, strict=True)) for row in mounts]


def _own_ids_as_root() -> Config:
    import os

    return {
        "uidMappings": [{"containerID": 0, "hostID": os.geteuid(), "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": os.getegid(), "size": 1}],
    }


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: objects are merged, null removes, everything else (lists too) replaces. Changes neither argument."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def make_bundle(
    folder: Path,
    config_overrides: Mapping[str, Any] | None = None,
    *,
    args: Sequence[str] = ("true",),
    rootless: bool = False,
) -> Bundle:
    """Makes a bundle in `folder`, with a rootfs of its own; `config_overrides` is a merge patch on `default_config`."""
    make_rootfs(folder / "rootfs")
    config = merge_patch(default_config(args, rootless=rootless), dict(config_overrides or {}))
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    return Bundle(folder, config)
