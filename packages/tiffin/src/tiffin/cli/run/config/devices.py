"""Devices: `linux.devices` and the rules that allow them."""

from __future__ import annotations

import os
import stat

from tiffin.cli.parse import UsageError
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree, DeviceRuleTree, DeviceTree, MountTree

# made by every runtime by itself (config-linux.md, "Default Devices"), or by the mounts of the container
NOT_OF_THE_HOST = frozenset(("/dev/console", "/dev/ptmx"))
SKIPPED_FOLDERS = (
    "/dev/pts",
    "/dev/shm",
    "/dev/fd",
    "/dev/mqueue",
    "/dev/.lxc",
    "/dev/.lxd-mounts",
    "/dev/.udev",
)


class Asked(Record):
    """A device that the container gets: the host's path, the node in the container, what may be done with it."""

    source: str
    node: DeviceTree
    access: str


def apply_devices(config: ConfigTree, arguments: Arguments, context: Context) -> None:
    """Adds the devices of --device and --privileged.

    Raises:
        UsageError: if one is no device.
    """
    asked = [device for text in arguments.texts("device") for device in _asked(text)]
    rules = [_rule(device) for device in asked]
    if arguments.switch("privileged"):
        asked = [*(Asked(path, _node(path, path), "rwm") for path in _nodes_below("/dev")), *asked]
        rules = [{"allow": True, "access": "rwm"}]
    by_place = {device.node["path"]: device for device in asked}
    if by_place and not context.rootless:
        config["linux"]["devices"] = [device.node for device in by_place.values()]
    elif by_place:  # mknod is for root alone: the host's nodes are mounted
        config["mounts"] += [_bind(device.source, place) for place, device in by_place.items()]
    if rules:
        config["linux"]["resources"].setdefault("devices", []).extend(rules)


def _asked(text: str) -> list[Asked]:
    """What one --device stands for: a device, or all in a folder."""
    source, target, access = _parts(text)
    return [Asked(path, _node(path, target + path[len(source) :]), access) for path in _nodes_below(source)]


def _rule(device: Asked) -> DeviceRuleTree:
    node = device.node
    return {
        "allow": True,
        "type": node["type"],
        "major": node["major"],
        "minor": node["minor"],
        "access": device.access,
    }


def _bind(source: str, target: str) -> MountTree:
    return {"destination": target, "type": "bind", "source": source, "options": ["bind", "nosuid", "noexec"]}


def _parts(text: str) -> tuple[str, str, str]:
    """`HOST[:TARGET[:ACCESS]]`; a second part that can only be access is that."""
    source, *more = text.split(":")
    if len(more) == 1 and not more[0].startswith("/"):
        more = ["", more[0]]
    target = (more[0] if more else "") or source
    access = more[1] if len(more) > 1 else "rwm"
    if len(more) > 2 or not access or access.strip("rwm") or not target.startswith("/"):
        raise UsageError(f"--device: {text!r} is no HOST[:TARGET[:rwm]]")
    return source, target, access


def _nodes_below(path: str) -> list[str]:
    """The device itself, or all devices in a folder."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise UsageError(f"--device: {path!r}: {error.strerror}") from error
    if not stat.S_ISDIR(mode):
        return [path]
    found = []
    for above, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if os.path.join(above, name) not in SKIPPED_FOLDERS)
        found += [place for place in (os.path.join(above, name) for name in files) if _is_node(place)]
    if not found:
        raise UsageError(f"--device: there is no device in {path!r}")
    return sorted(found)


def _is_node(path: str) -> bool:
    """Whether it is a device of the host, and no link to one. What has just gone is none."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    return path not in NOT_OF_THE_HOST and (stat.S_ISCHR(mode) or stat.S_ISBLK(mode))


def _node(path: str, target: str) -> DeviceTree:
    status = os.stat(path)
    if not (stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        raise UsageError(f"--device: {path!r} is no device")
    return {
        "path": target,
        "type": "c" if stat.S_ISCHR(status.st_mode) else "b",
        "major": os.major(status.st_rdev),
        "minor": os.minor(status.st_rdev),
        "fileMode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
    }
