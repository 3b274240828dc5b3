"""Where a container's cgroups are: from `linux.cgroupsPath` and the layout to directories on the host.

Without systemd an absolute path counts from each tree's mount point, a relative one from our own cgroup (on
cgroup v2 from its parent, as ours has processes), and a missing one is the container's id, relative.
With systemd it is `slice:prefix:name`. These are runc's rules (runtime-spec, config-linux.md, "Cgroups Path",
leaves them to the runtime).
"""

from __future__ import annotations

from ..errors import InvalidArgument, Unsupported
from .layout import with_roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .layout import Hierarchy, Layout

UNIFIED = "unified"
# The trees that a container joins, in runc's order: cpuset must have values before anything else matters.
V1_CONTROLLERS = (
    "cpuset",
    "devices",
    "memory",
    "cpu",
    "cpuacct",
    "pids",
    "blkio",
    "hugetlb",
    "net_cls",
    "net_prio",
    "perf_event",
    "freezer",
    "rdma",
    "name=systemd",
    "misc",
)


def clean_path(path: str) -> str:
    """The path without `.`, `..` and doubled slashes; `..` never leads above the start."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    joined = "/".join(parts)
    return f"/{joined}" if path.startswith("/") else joined


def container_directories(layout: Layout, cgroups_path: str, container_id: str) -> dict[str, str]:
    """The absolute directory for each controller (cgroup v1, hybrid) or for `unified` (cgroup v2).

    Raises:
        Unsupported: cgroup v1 has no devices controller, which a container's safety depends on.
    """
    inner = clean_path(cgroups_path) or clean_path(container_id)
    if not inner.startswith("/"):
        layout = with_roots(layout)
    if layout.version == 2 and layout.unified is not None:
        return {UNIFIED: _unified_directory(layout.unified, inner)}
    directories = {}
    for controller in V1_CONTROLLERS:
        tree = layout.find(controller)
        if tree is not None:
            directories[controller] = _directory(tree, inner)
        elif controller == "devices":
            raise Unsupported("mountpoint for devices not found: mount the cgroup v1 controller `devices`")
    if layout.unified is not None:
        # Beside v1, runc counts a relative path from the mount point, and so do we.
        directories[UNIFIED] = _join(layout.unified.mount_point, inner)
    return directories


def _directory(tree: Hierarchy, inner: str) -> str:
    if inner.startswith("/"):
        return _join(tree.mount_point, inner)
    return _join(_join(tree.mount_point, _below(tree.own, tree.root)), inner)


def _unified_directory(tree: Hierarchy, inner: str) -> str:
    if inner.startswith("/"):
        return _join(tree.mount_point, inner)
    parent = _below(tree.own, tree.root).rpartition("/")[0]
    return _join(_join(tree.mount_point, parent), inner)


def _below(own: str, root: str) -> str:
    """Our cgroup as seen from a mount that shows `root`; the mount point itself if we are not below that."""
    if root == "/":
        return own
    return own[len(root) :] if own == root or own.startswith(f"{root}/") else ""


def _join(directory: str, inner: str) -> str:
    inner = inner.strip("/")
    return f"{directory}/{inner}" if inner else directory


def subgroup_directory(directory: str, subgroup: str) -> str:
    """The directory of a sub-cgroup, for `exec --cgroup`.

    Raises:
        InvalidArgument: the path leads out of the container's cgroup.
    """
    depth = 0
    for part in subgroup.split("/"):
        depth += (part not in {"", ".", ".."}) - (part == "..")
        if depth < 0:
            raise InvalidArgument(f"bad sub cgroup path: {subgroup}")
    return _join(directory, clean_path(subgroup))
