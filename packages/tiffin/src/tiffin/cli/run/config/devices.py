"""Devices: `linux.devices` and the rules that allow them."""

from __future__ import annotations

import os
import stat

from tiffin.cli.parse import UsageError

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


def apply_devices(config: ConfigTree, arguments: Arguments, context: Context) -> None:
    """Adds the devices of --device and --privileged.

    Raises:
        UsageError: if one is no device.
    """
    linux = config["linux"]
    nodes: dict[str, DeviceTree] = {}
    sources: dict[str, str] = {}
    rules: list[DeviceRuleTree] = []
    for text in arguments.texts("device"):
        source, target, access = _parts(text)
        for path in _nodes_below(source):
            node = _node(path, target + path[len(source) :])
            nodes[node["path"]] = node
            sources[node["path"]] = path
            rules.append(
                {
                    "allow": True,
                    "type": node["type"],
                    "major": node["major"],
                    "minor": node["minor"],
                    "access": access,
                }
            )
    if arguments.switch("privileged"):
        for path in _nodes_below("/dev"):
            nodes.setdefault(path, _node(path, path))
            sources.setdefault(path, path)
        rules = [{"allow": True, "access": "rwm"}]
    if nodes and not context.rootless:
        linux["devices"] = list(nodes.values())
    elif nodes:  # mknod is for root alone: the host's nodes are mounted
        config["mounts"] += [_bind(sources[path], path) for path in nodes]
    if rules:
        linux["resources"].setdefault("devices", []).extend(rules)


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
    for entry in sorted(os.scandir(path), key=lambda entry: entry.path):
        if entry.is_symlink() or entry.path in NOT_OF_THE_HOST:
            continue
        if entry.is_dir():
            found += [] if entry.path in SKIPPED_FOLDERS else _nodes_below(entry.path)
        elif stat.S_IFMT(entry.stat().st_mode) in (stat.S_IFCHR, stat.S_IFBLK):
            found.append(entry.path)
    return found


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
