"""mounts: each entry becomes a mount or a bind, and what is set on it afterwards."""

from __future__ import annotations

import posix

from ..errors import InvalidArgument
from ..plan.operations import (
    MOUNT_BIND_FALLBACK,
    MOUNT_COPY_UP,
    MOUNT_RECURSIVE,
    STEP_INIT,
    STEP_LAUNCHER,
    bind,
    mount,
    open_tree,
    set_mount_attributes,
    set_propagation,
)
from ..record import Record
from .mount_options import (
    MS_BIND,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_SHARED,
    MS_SLAVE,
    PROPAGATION,
    parse_options,
)
from .namespaces import mapping_text
from .rootfs import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree, MountTree

    from ..cgroup.manager import CgroupManager
    from ..plan.operation import Operation
    from .mount_options import MountOptions
    from .namespaces import Namespaces

NO_SLOT = -1
SLOTS = 256  # of core/core.h
UNLABELLED = frozenset(("proc", "sysfs", "mqueue", "cgroup", "cgroup2"))  # file systems that take no context=


class MountRequest(Record):
    """What the mounts are planned from."""

    config: ConfigTree
    bundle: str
    namespaces: Namespaces
    manager: CgroupManager


class MountPlan(Record):
    """Operations of the launcher (trees that need the host's privileges), and of init."""

    launcher: list[Operation]
    init: list[Operation]


def plan_mounts(request: MountRequest) -> MountPlan:
    """All mounts, in the order of the config.

    Raises:
        InvalidArgument: there is no mount namespace, so that they would be made on the host; or a mount asks for what
            only a bind can have.
    """
    plan = MountPlan([], [])
    for index, entry in enumerate(request.config.get("mounts", ())):
        where = f"mounts[{index}]"
        if not request.namespaces.has("mount"):
            raise InvalidArgument(
                f"{where}: linux.namespaces has no mount namespace, so that it would appear on the host"
            )
        options = parse_options(entry.get("options", ()))
        target = clean(entry["destination"])
        if options.flags & MS_BIND or entry.get("type") == "bind":
            _plan_bind(request, plan, where, entry, target, options)
        elif options.idmap or entry.get("uidMappings"):
            raise InvalidArgument(f"{where}: only a bind can be idmapped")
        elif entry.get("type") == "cgroup":
            from .cgroup_mount import cgroup_operations

            plan.init.extend(cgroup_operations(request, where, target, options))
        else:
            plan.init.append(_file_system(request, where, entry, target, options))
        plan.init.extend(afterwards(where, target, options))
    return plan


def afterwards(where: str, target: str, options: MountOptions) -> list[Operation]:
    """Propagation, and attributes for the whole tree of mounts."""
    operations = [set_propagation(STEP_INIT, where, target, flags) for flags in options.propagation]
    if options.attributes_set or options.attributes_cleared:
        operations.append(
            set_mount_attributes(
                STEP_INIT, where, target, options.attributes_set, options.attributes_cleared, 1
            )
        )
    return operations


def _file_system(
    request: MountRequest, where: str, entry: MountTree, target: str, options: MountOptions
) -> Operation:
    kind = entry.get("type", "")
    flags = options.flags
    if kind == "tmpfs" or target == "/dev":
        flags &= ~MS_RDONLY  # later, by readonly_operations: it has to be filled before
    extra = MOUNT_COPY_UP if options.copy_up and kind == "tmpfs" else 0
    if kind == "sysfs" and request.namespaces.has("user"):
        extra |= MOUNT_BIND_FALLBACK
    data = _labelled(options.data, kind, request.config.get("linux", {}).get("mountLabel", ""))
    return mount(STEP_INIT, where, entry.get("source") or kind, target, kind, data or None, flags, extra)


def _labelled(data: str, kind: str, label: str) -> str:
    if not label or kind in UNLABELLED:
        return data
    return f'{data},context="{label}"' if data else f'context="{label}"'


def _plan_bind(
    request: MountRequest, plan: MountPlan, where: str, entry: MountTree, target: str, options: MountOptions
) -> None:
    source = entry.get("source", "")
    if not source.startswith("/"):
        source = f"{request.bundle}/{source}"
    recursive = bool(options.flags & MS_REC)
    slot = NO_SLOT
    if options.idmap or entry.get("uidMappings"):
        slot = len(plan.launcher)
        plan.launcher.append(_idmapped(request, where, entry, source, slot, options))
    elif _needs_launcher(request) and len(plan.launcher) < SLOTS:
        slot = len(plan.launcher)
        plan.launcher.append(
            open_tree(STEP_LAUNCHER, where, slot, source, int(recursive), None, None, None, 0)
        )
    if slot >= SLOTS:
        raise InvalidArgument(f"{where}: more than {SLOTS} idmapped mounts")
    extra = MOUNT_RECURSIVE if recursive else 0
    flags = options.flags & ~(MS_BIND | MS_REC)
    plan.init.append(bind(STEP_INIT, where, source, target, flags, options.cleared, extra, slot))
    if slot != NO_SLOT and (cut := _cut_off(request)):
        plan.init.append(set_propagation(STEP_INIT, where, target, cut))


def _cut_off(request: MountRequest) -> int:
    """What the launcher opened is a peer of the host's mount: it must not carry the container's mounts back to it.

    What init opens is cut off already, with all else (`rootfs.opening_operations`), and as the config says; in a user
    namespace the kernel cuts off even what is to be shared (mount_namespaces(7), "Restrictions").
    """
    flags = PROPAGATION.get(request.config.get("linux", {}).get("rootfsPropagation", ""), MS_SLAVE)
    if flags & MS_SHARED and not request.namespaces.has("user"):
        return 0
    return (MS_SLAVE if flags & (MS_SLAVE | MS_SHARED) else MS_PRIVATE) | MS_REC


def _needs_launcher(request: MountRequest) -> bool:
    """In a user namespace of its own, init may not be able to reach the source; the host's root can."""
    return request.namespaces.has("user") and posix.geteuid() == 0


def _idmapped(
    request: MountRequest, where: str, entry: MountTree, source: str, slot: int, options: MountOptions
) -> Operation:
    """Mappings of its own, or else those of the container's user namespace (runtime-spec 1.3)."""
    linux = request.config.get("linux", {})
    joined = None if entry.get("uidMappings") else request.namespaces.path("user") or None
    uids = gids = None
    if joined is None:
        uids = mapping_text(entry.get("uidMappings") or linux.get("uidMappings", ()))
        gids = mapping_text(entry.get("gidMappings") or linux.get("gidMappings", ()))
    recursive = int(bool(options.flags & MS_REC))
    return open_tree(
        STEP_LAUNCHER, where, slot, source, recursive, uids, gids, joined, int(options.idmap_recursive)
    )
