"""`SystemdManager`: systemd makes and owns the container's cgroup, as a scope or slice; we set the rest in its files.

A scope must have a process from its start, so init is made first, and adopted while it waits (`adopter`).
What the unit's cgroup is like is known to the manager for cgroup v1 or v2 that this one has inside.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgument, Unsupported
from ..plan.operations import STEP_LAUNCHER
from .apply import CLONE_INTO_CGROUP, apply
from .paths import UNIFIED, V1_CONTROLLERS
from .systemd_annotations import annotation_properties
from .systemd_bus import BOOTED, SystemdBus
from .systemd_names import UnitName, expand_slice, parse_unit
from .systemd_properties import device_properties, oom_policy, resource_properties
from .v1 import V1Manager
from .v2 import V2Manager

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..plan.operation import Operation
    from .layout import Layout
    from .oom import OomEvents
    from .systemd_bus import Property

DELEGATE_FILES = "/sys/kernel/cgroup/delegate"
DELEGATE_DEFAULT = ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads")


class SystemdManager:
    """A container's unit.

    Args:
        paths: the unit's directories, as of the managers for v1 and v2.
        version: 1 or 2.
        unit: the unit's name.
        rootless: talk with the user's systemd.
        slice_name: the unit's parent; only needed to create it.
        properties: more properties, for create.
        owner_uid: who is to own the cgroup (cgroup v2).
        address: of the bus; None for the usual one.
    """

    def __init__(
        self,
        paths: dict[str, str],
        *,
        version: int,
        unit: str,
        rootless: bool = False,
        slice_name: str = "",
        properties: Sequence[Property] = (),
        owner_uid: int | None = None,
        address: str | None = None,
    ) -> None:
        self.version = version
        self.unit = unit
        self._rootless = rootless
        self._slice = slice_name
        self._properties = list(properties)
        self._owner_uid = owner_uid
        self._address = address
        self._files: V1Manager | V2Manager = (
            V2Manager(paths[UNIFIED], rootless=rootless)
            if version == 2
            else V1Manager(paths, rootless=rootless)
        )

    @property
    def adopter(self) -> SystemdManager:
        return self

    @property
    def attaches(self) -> bool:
        """An ordinary user's process may not move itself into a unit; systemd does it."""
        return self._rootless

    def paths(self) -> dict[str, str]:
        return self._files.paths()

    def exists(self) -> bool:
        return self._files.exists()

    def check_unused(self) -> None:
        self._files.check_unused()

    def create_operations(
        self,
        resources: Mapping[str, Any] | None,
        *,
        devices: Sequence[Mapping[str, Any]] = (),
        devices_step: int = STEP_LAUNCHER,
    ) -> tuple[Operation, ...]:
        """Nothing to execute; but what `adopt` would refuse is refused here, before there is a process."""
        self._files.create_operations(resources, devices=devices, devices_step=devices_step)
        resource_properties(resources or {}, cgroup_version=self.version, systemd_version=0)
        return ()

    def adopt(
        self, pid: int, resources: Mapping[str, Any] | None, *, devices: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Starts the unit with the process in it, then sets everything, as properties and in files.

        Raises:
            Unsupported: there is no systemd.
            OperationFailed: systemd or the kernel refused something.
        """
        from .controllers.devices import effective_rules

        resources = resources or {}
        with self._bus() as bus:
            version = bus.version()
            limits, rounded = resource_properties(
                resources, cgroup_version=self.version, systemd_version=version
            )
            unified = resources.get("unified") or {}
            bus.start_unit(self.unit, [*self._unit_properties(pid), *oom_policy(unified, version)])
            rules = effective_rules(resources.get("devices"), devices)
            bus.set_properties(self.unit, [*device_properties(rules, version), *limits])
        operations = self._files.create_operations(rounded, devices=devices)
        apply((operation for operation in operations if operation.number != CLONE_INTO_CGROUP), pid=pid)
        self._give_away()

    def _unit_properties(self, pid: int) -> list[Property]:
        default = "user.slice" if self._rootless else "system.slice"
        properties: list[Property] = [("Description", ("s", f"libcontainer container {self.unit}"))]
        if self.unit.endswith(".slice"):
            properties.append(("Wants", ("as", [self._slice or default])))
        else:
            properties += [("Slice", ("s", self._slice or default)), ("Delegate", ("b", True))]
        properties.append(("PIDs", ("au", [pid])))
        block = "BlockIOAccounting" if self.version == 1 else "IOAccounting"
        for name in ("MemoryAccounting", "CPUAccounting", block, "TasksAccounting"):
            properties.append((name, ("b", True)))
        return [*properties, ("DefaultDependencies", ("b", False)), *self._properties]

    def _give_away(self) -> None:
        """Hands the cgroup to the container's user, as far as the kernel says that this is safe (cgroups(7))."""
        if self._owner_uid is None or self.version != 2:
            return
        directory = self.paths()[UNIFIED]
        os.chown(directory, self._owner_uid, -1)
        try:
            with open(DELEGATE_FILES) as delegate:
                names = tuple(delegate.read().split())
        except FileNotFoundError:
            names = DELEGATE_DEFAULT
        for name in names:
            if os.path.exists(f"{directory}/{name}"):
                os.chown(f"{directory}/{name}", self._owner_uid, -1)

    def join_operations(
        self, subgroups: Mapping[str, str] | None = None, *, init: int = 0
    ) -> tuple[Operation, ...]:
        operations = self._files.join_operations(subgroups, init=init)
        return () if self.attaches else operations

    def attach(self, pid: int, subgroups: Mapping[str, str] | None = None) -> None:
        """Has systemd move a process into the unit, for exec without root."""
        subgroup = (subgroups or {}).get("", "")
        with self._bus() as bus:
            bus.attach(self.unit, f"/{subgroup.strip('/')}", pid)

    def update(self, resources: Mapping[str, Any], *, previous: Mapping[str, Any] | None = None) -> None:
        with self._bus() as bus:
            limits, rounded = resource_properties(
                resources, cgroup_version=self.version, systemd_version=bus.version()
            )
            if limits:
                bus.set_properties(self.unit, limits)
        self._files.update(rounded, previous=previous)

    def remove(self) -> None:
        """Stops the unit; cgroups that systemd does not know of, or forgot, are removed directly."""
        with self._bus() as bus:
            bus.stop_unit(self.unit)
        self._files.remove()

    def _bus(self) -> SystemdBus:
        return SystemdBus(user=self._rootless, address=self._address)

    def freeze(self) -> None:
        self._files.freeze()

    def thaw(self) -> None:
        self._files.thaw()

    def is_frozen(self) -> bool:
        return self._files.is_frozen()

    def pids(self, *, recursive: bool = True) -> tuple[int, ...]:
        return self._files.pids(recursive=recursive)

    def kill(self, signal: int = 9) -> None:
        self._files.kill(signal)

    def statistics(self) -> dict[str, Any]:
        return self._files.statistics()

    def oom_kill_count(self) -> int:
        return self._files.oom_kill_count()

    def oom_events(self) -> OomEvents:
        return self._files.oom_events()


def new_systemd_manager(
    layout: Layout,
    cgroups_path: str,
    container_id: str,
    *,
    rootless: bool,
    annotations: Mapping[str, str],
    owner_uid: int | None = None,
) -> SystemdManager:
    """The manager of a new unit.

    Raises:
        InvalidArgument: `linux.cgroupsPath` or an annotation cannot be used.
        Unsupported: no systemd here, or rootless on cgroup v1.
    """
    name = parse_unit(cgroups_path, container_id)
    properties = annotation_properties(annotations)
    if not os.path.isdir(BOOTED):
        raise Unsupported(
            "systemd not running on this host, cannot use systemd cgroups manager (leave --systemd-cgroup out)"
        )
    if rootless and layout.version != 2:
        raise Unsupported("cannot use rootless systemd cgroups manager on cgroup v1")
    return SystemdManager(
        unit_directories(layout, name, manager_cgroup=_manager_cgroup() if rootless else ""),
        version=layout.version,
        unit=name.unit,
        rootless=rootless,
        slice_name=name.slice,
        properties=properties,
        owner_uid=owner_uid,
    )


def _manager_cgroup() -> str:
    """The cgroup of the user's systemd, such as /user.slice/user-1000.slice/user@1000.service."""
    with SystemdBus(user=True) as bus:
        return str(bus.manager_property("ControlGroup"))


def unit_directories(layout: Layout, name: UnitName, *, manager_cgroup: str = "") -> dict[str, str]:
    """Where systemd will make the unit's cgroups.

    Raises:
        InvalidArgument: the slice's name is wrong.
        Unsupported: no devices controller on cgroup v1, or no cgroups at all.
    """
    parent = (
        expand_slice(name.slice) if name.slice else ("/user.slice" if manager_cgroup else "/system.slice")
    )
    if "/" in name.unit:
        raise InvalidArgument(f"linux.cgroupsPath: {name.unit!r} is not a unit's name")
    inner = f"{manager_cgroup}{parent}/{name.unit}"
    if layout.version == 2 and layout.unified is not None:
        return {UNIFIED: layout.unified.mount_point + inner}
    trees = {controller: layout.find(controller) for controller in V1_CONTROLLERS}
    directories = {
        controller: tree.mount_point + inner for controller, tree in trees.items() if tree is not None
    }
    if "devices" not in directories:
        raise Unsupported("mountpoint for devices not found: mount the cgroup v1 controller `devices`")
    if layout.unified is not None:
        directories[UNIFIED] = layout.unified.mount_point + inner
    return directories
