"""The cgroups of a container, to find, signal and thaw its processes without its runtime, which may hang."""

from __future__ import annotations

from tiffin.runtime.cgroup.layout import detect_layout, parse_memberships, with_roots
from tiffin.runtime.cgroup.manager import manager_from_paths
from tiffin.runtime.cgroup.paths import UNIFIED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.runtime.cgroup.layout import Hierarchy
    from tiffin.runtime.cgroup.manager import CgroupManager


def cgroups_of(pid: int) -> dict[str, str]:
    """The directories of the cgroups that a container's init is in, by v1 controller or `unified`.

    Only those that are the container's own: where it is in the same cgroup as we, or in one above us, others are too.
    """
    layout = with_roots(detect_layout())
    theirs = _memberships(pid)
    found = {}
    for tree in layout.hierarchies:
        for controller in tree.controllers:
            if directory := _own_directory(tree, theirs.get(controller, "/")):
                found[controller] = directory
    if layout.unified is not None and (directory := _own_directory(layout.unified, theirs.get("", "/"))):
        found[UNIFIED] = directory
    return found


def manager_of(cgroups: Mapping[str, str]) -> CgroupManager | None:
    """What finds and signals the processes in them; None if they tell too little (a rootless container)."""
    if set(cgroups) == {UNIFIED} and detect_layout().version == 2:
        return manager_from_paths(cgroups, version=2)
    return manager_from_paths(cgroups, version=1) if "devices" in cgroups else None


def _memberships(pid: int) -> dict[str, str]:
    """Path by controller ("" for the unified tree), as we see it; empty if the process is gone."""
    try:
        with open(f"/proc/{pid}/cgroup") as stream:
            rows = parse_memberships(stream.read())
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: path for controllers, path in rows for name in (controllers or ("",))}


def _own_directory(tree: Hierarchy, path: str) -> str:
    """The directory of a path in a tree; "" if it is not the container's own, or not below our mount of the tree."""
    if path == "/" or f"{tree.own.rstrip('/')}/".startswith(f"{path}/") or "/.." in path:
        return ""
    if tree.root != "/":
        if not path.startswith(f"{tree.root}/"):
            return ""
        path = path[len(tree.root) :]
    return tree.mount_point + path
