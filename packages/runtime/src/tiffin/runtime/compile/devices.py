"""linux.devices, the default devices, and the links in /dev (runtime-spec, config-linux.md, "Default Devices")."""

from __future__ import annotations

import posix

from ..plan.operations import NODE_BIND, STEP_INIT, make_node, symlink
from .rootfs import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree, DeviceTree

    from ..plan.operation import Operation
    from .namespaces import Namespaces

DEFAULTS = (
    ("/dev/null", 1, 3), ("/dev/random", 1, 8), ("/dev/full", 1, 7), ("/dev/tty", 5, 0), ("/dev/zero", 1, 5),
    ("/dev/urandom", 1, 9),
)  # fmt: skip
LINKS = (
    ("/proc/self/fd", "/dev/fd"), ("/proc/self/fd/0", "/dev/stdin"), ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
)  # fmt: skip
TYPES = {"c": 0o020000, "u": 0o020000, "b": 0o060000, "p": 0o010000}  # inode(7)
DEFAULT_MODE = 0o666
PERMISSIONS = 0o7777
DEFAULT_WHERE = "linux.devices (default)"


def device_operations(
    config: ConfigTree, namespaces: Namespaces, *, in_user_namespace: bool
) -> list[Operation]:
    """Nodes and links; nothing where the config binds a /dev of its own.

    Args:
        in_user_namespace: this process is in one, where mknod(2) of devices is refused: binds instead.
    """
    if _binds_dev(config):
        return []
    options = NODE_BIND if in_user_namespace or namespaces.has("user") else 0
    listed = config.get("linux", {}).get("devices", ())
    paths = {clean(device["path"]) for device in listed}
    operations = [
        make_node(STEP_INIT, DEFAULT_WHERE, path, TYPES["c"] | DEFAULT_MODE, major, minor, 0, 0, options)
        for path, major, minor in DEFAULTS
        if path not in paths
    ]
    for index, device in enumerate(listed):
        if clean(device["path"]) != "/dev/ptmx":  # that is a link to the container's own devpts
            operations.append(_node(device, f"linux.devices[{index}]", options))
    links = [("pts/ptmx", "/dev/ptmx"), *LINKS]
    if posix.access("/proc/kcore", posix.F_OK):
        links.append(("/proc/kcore", "/dev/core"))
    operations += [symlink(STEP_INIT, DEFAULT_WHERE, target, path) for target, path in links]
    return operations


def _binds_dev(config: ConfigTree) -> bool:
    for mount in config.get("mounts", ()):
        if clean(mount["destination"]) == "/dev":
            options = mount.get("options", ())
            if mount.get("type") == "bind" or "bind" in options or "rbind" in options:
                return True
    return False


def _node(device: DeviceTree, where: str, options: int) -> Operation:
    mode = TYPES[device["type"]] | device.get("fileMode", DEFAULT_MODE) & PERMISSIONS
    if device["type"] == "p":
        options = 0  # everybody may make a FIFO
    return make_node(
        STEP_INIT, where, clean(device["path"]), mode, device.get("major", 0), device.get("minor", 0),
        device.get("uid", 0), device.get("gid", 0), options,
    )  # fmt: skip
