"""What a mount of type `cgroup` in config.json must show: facts for the planner, which makes the mounts.

With cgroup v2 it is one tree. With v1 it is a tmpfs with one directory for each tree, named like the host's mount
point, and links `cpu -> cpu,cpuacct` for co-mounted controllers; runc leaves the cgroup v2 of a hybrid host out.
"""

from __future__ import annotations

from ..record import Record
from .layout import with_roots
from .paths import UNIFIED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .layout import Hierarchy, Layout


class CgroupMount(Record):
    """One tree below the mount's destination.

    name: of its directory there; "" if it is the destination itself (cgroup v2).
    type: `cgroup` or `cgroup2`.
    data: mount options that choose the tree, for a new mount in a cgroup namespace.
    own: the host's directory to bind without a cgroup namespace: the caller's own cgroup (runc).
    container: the container's own directory: the fallback where the tree may not be mounted anew.
    """

    name: str
    type: str
    data: str
    own: str
    container: str


class CgroupMountFacts(Record):
    """All of them, and links: (name, the directory that it leads to)."""

    version: int
    mounts: tuple[CgroupMount, ...]
    links: tuple[tuple[str, str], ...] = ()


def mount_plan_facts(layout: Layout, paths: Mapping[str, str]) -> CgroupMountFacts:
    """The facts for one container.

    Args:
        layout: of this host.
        paths: of the container's manager.
    """
    layout = with_roots(layout)
    if layout.version == 2 and layout.unified is not None:
        tree = layout.unified
        return CgroupMountFacts(
            2, (CgroupMount("", "cgroup2", "", tree.mount_point, paths.get(UNIFIED, "")),)
        )
    mounts, links = [], []
    for tree in layout.hierarchies:
        name = tree.mount_point.rpartition("/")[2]
        container = next((paths[controller] for controller in tree.controllers if controller in paths), "")
        mounts.append(CgroupMount(name, "cgroup", ",".join(tree.controllers), _own(tree), container))
        if "," in name:
            links += [(controller, name) for controller in name.split(",")]
    return CgroupMountFacts(layout.version, tuple(mounts), tuple(links))


def _own(tree: Hierarchy) -> str:
    """The caller's own cgroup as a directory; the mount point if that is not below it."""
    if tree.root != "/" and not f"{tree.own}/".startswith(f"{tree.root}/"):
        return tree.mount_point
    inner = tree.own if tree.root == "/" else tree.own[len(tree.root) :]
    return tree.mount_point + inner.rstrip("/")
