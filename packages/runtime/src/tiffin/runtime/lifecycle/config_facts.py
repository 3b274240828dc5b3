"""What a config says of a container that its whole life depends on."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree


def resctrl_group(config: ConfigTree, identifier: str) -> str:
    """The resctrl directory that create makes and delete removes; "" if it makes none."""
    intel_rdt = config.get("linux", {}).get("intelRdt")
    if not intel_rdt:
        return ""
    from ..cgroup.resctrl import find_mount, group_of

    group = group_of(intel_rdt, identifier, find_mount())
    return group.directory if group.made else group.monitoring


def shares_pids(config: ConfigTree) -> bool:
    """Whether the container has no pid namespace of its own, so that killing its init does not kill the rest."""
    namespaces = config.get("linux", {}).get("namespaces", ())
    return not any(namespace["type"] == "pid" and not namespace.get("path") for namespace in namespaces)


def joins_time(config: ConfigTree) -> bool:
    """Whether the container is to be in a time namespace that exists."""
    namespaces = config.get("linux", {}).get("namespaces", ())
    return any(namespace["type"] == "time" and namespace.get("path") for namespace in namespaces)
