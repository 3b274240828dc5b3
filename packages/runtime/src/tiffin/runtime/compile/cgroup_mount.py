"""A mount of type `cgroup`: one tree with cgroup v2; with v1 a tmpfs that holds a directory for each tree."""

from __future__ import annotations

from ..cgroup.layout import detect_layout
from ..cgroup.mount_facts import mount_plan_facts
from ..plan.operations import MOUNT_RECURSIVE, STEP_INIT, bind, mount, set_propagation, symlink
from .mount_options import MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cgroup.mount_facts import CgroupMount, CgroupMountFacts
    from ..plan.operation import Operation
    from .mount_options import MountOptions
    from .mounts import MountRequest

SAFE = MS_NOEXEC | MS_NOSUID | MS_NODEV


def cgroup_operations(
    request: MountRequest, where: str, target: str, options: MountOptions
) -> list[Operation]:
    """The operations of the mount, without its propagation."""
    facts = mount_plan_facts(detect_layout(), request.manager.paths())
    if facts.version == 2:
        return [_unified(request, facts.mounts[0], where, target, options)]
    return _by_controller(request, facts, where, target, options)


def _unified(
    request: MountRequest, tree: CgroupMount, where: str, target: str, options: MountOptions
) -> Operation:
    """A new mount; in a user namespace that has no cgroup namespace the kernel refuses one: the host's."""
    namespaces = request.namespaces
    if namespaces.has("user") and not namespaces.has("cgroup"):
        return bind(
            STEP_INIT,
            where,
            tree.own,
            target,
            options.flags & ~MS_REC,
            0,
            MOUNT_RECURSIVE,
            -1,
        )
    return mount(STEP_INIT, where, "cgroup", target, "cgroup2", options.data or None, options.flags, 0)


def _by_controller(
    request: MountRequest, facts: CgroupMountFacts, where: str, target: str, options: MountOptions
) -> list[Operation]:
    operations = [mount(STEP_INIT, where, "tmpfs", target, "tmpfs", "mode=755", SAFE, 0)]
    for tree in facts.mounts:
        place = f"{target}/{tree.name}"
        if request.namespaces.has("cgroup"):
            flags = SAFE | options.flags & MS_RDONLY
            source = "systemd" if tree.data == "name=systemd" else "cgroup"
            operations.append(mount(STEP_INIT, where, source, place, "cgroup", tree.data, flags, 0))
        else:
            operations.append(
                bind(
                    STEP_INIT,
                    where,
                    tree.container or tree.own,
                    place,
                    options.flags & ~MS_REC,
                    0,
                    MOUNT_RECURSIVE,
                    -1,
                )
            )
            operations += [set_propagation(STEP_INIT, where, place, flags) for flags in options.propagation]
    operations += [
        symlink(STEP_INIT, where, directory, f"{target}/{name}") for name, directory in facts.links
    ]
    return operations
