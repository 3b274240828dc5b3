"""What a container gets when nobody says otherwise, as Docker and containerd do: trees, a new one at each call.

A cold module. The default seccomp profile stands apart, in `tiffin.spec.runtime.seccomp_profile`.
"""

from __future__ import annotations

from tiffin.spec.runtime.capabilities import DEFAULT as CAPABILITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.spec.runtime.tree import (
        CapabilitiesTree,
        ConfigTree,
        DeviceRuleTree,
        DeviceTree,
        MountTree,
        NamespaceTree,
        RlimitTree,
    )

SPEC_VERSION = "1.3.0"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NAMESPACES = ("pid", "network", "ipc", "uts", "mount")

MASKED_PATHS = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

_DEVICES = (
    # config-linux.md, Default Devices: path, major, minor. /dev/console and /dev/ptmx need a terminal and a devpts.
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
)
_NO_EXEC = ("nosuid", "noexec", "nodev")
_MOUNTS = (
    ("/proc", "proc", "proc", _NO_EXEC),
    ("/dev", "tmpfs", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
    (
        "/dev/pts",
        "devpts",
        "devpts",
        ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
    ),
    ("/dev/shm", "tmpfs", "shm", (*_NO_EXEC, "mode=1777", "size=65536k")),
    ("/dev/mqueue", "mqueue", "mqueue", _NO_EXEC),
    ("/sys", "sysfs", "sysfs", (*_NO_EXEC, "ro")),
    ("/sys/fs/cgroup", "cgroup", "cgroup", (*_NO_EXEC, "relatime", "ro")),
)


def capabilities(names: Sequence[str] = CAPABILITIES, *, ambient: bool = False) -> CapabilitiesTree:
    """The sets for a process: bounding, permitted and effective; never inheritable (CVE-2022-29162)."""
    sets: CapabilitiesTree = {"bounding": list(names), "effective": list(names), "permitted": list(names)}
    if ambient:
        sets["inheritable"] = list(names)
        sets["ambient"] = list(names)
    return sets


def rlimits() -> list[RlimitTree]:
    """RLIMIT_NOFILE as runc and containerd have it."""
    return [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]


def mounts() -> list[MountTree]:
    """The file systems that every program expects, in the order in which they must be mounted."""
    return [
        {"destination": destination, "type": kind, "source": source, "options": list(options)}
        for destination, kind, source, options in _MOUNTS
    ]


def namespaces(types: Sequence[str] = NAMESPACES) -> list[NamespaceTree]:
    """New namespaces of these types."""
    return [{"type": kind} for kind in types]


def devices() -> list[DeviceTree]:
    """The nodes that the spec promises in every container."""
    return [
        {"path": path, "type": "c", "major": major, "minor": minor, "fileMode": 0o666, "uid": 0, "gid": 0}
        for path, major, minor in _DEVICES
    ]


def device_rules() -> list[DeviceRuleTree]:
    """Deny all; allow to make any node, and to use the default devices, the console and pseudoterminals."""
    rules: list[DeviceRuleTree] = [{"allow": False, "access": "rwm"}]
    rules += [{"allow": True, "type": kind, "access": "m"} for kind in ("c", "b")]
    numbers = [(major, minor) for _path, major, minor in _DEVICES]
    for major, minor in (*numbers, (5, 1), (5, 2)):
        rules.append({"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"})
    rules.append({"allow": True, "type": "c", "major": 136, "access": "rwm"})
    return rules


def config() -> ConfigTree:
    """A config with every default, that runs `sh` in `rootfs`; without a seccomp profile."""
    return {
        "ociVersion": SPEC_VERSION,
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": ["sh"],
            "env": [PATH],
            "cwd": "/",
            "capabilities": capabilities(),
            "rlimits": rlimits(),
        },
        "root": {"path": "rootfs"},
        "mounts": mounts(),
        "linux": {
            "resources": {"devices": device_rules()},
            "namespaces": namespaces(),
            "maskedPaths": list(MASKED_PATHS),
            "readonlyPaths": list(READONLY_PATHS),
        },
    }
