"""`select_manager`: the one place that decides how a container's cgroups are handled; and what a manager can do.

layout + linux.cgroupsPath ──select_manager──► CgroupManager ──► operations for the plan (create, exec)
paths in the state file ──manager_from_paths──►      │
                                                     └──► update, freeze, kill, statistics, remove: done now
"""

from __future__ import annotations

import posix

from ..errors import InvalidArgument, Unsupported
from ..plan.operations import STEP_LAUNCHER
from .files import nearest_existing
from .layout import Layout, detect_layout
from .paths import UNIFIED, container_directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    from ..plan.operation import Operation
    from .oom import OomEvents

    class CgroupManager(Protocol):
        """One container's cgroups. `where` in its errors and operations is the JSON path in config.json."""

        @property
        def version(self) -> int:
            """`cgroup-version` of the state file: 1 (v1 and hybrid), 2, or 0 if the container has no cgroup."""

        @property
        def unit(self) -> str:
            """The systemd unit, or "" without systemd."""

        def paths(self) -> dict[str, str]:
            """Absolute directories by v1 controller (`name=systemd` too) or `unified`: for the state file."""

        def exists(self) -> bool:
            """Whether the container's cgroup is there (on cgroup v1 that of the devices controller)."""

        def check_unused(self) -> None:
            """Raises FailedPrecondition if the cgroup that create would use is frozen, or (v2) has processes."""

        def create_operations(
            self,
            resources: Mapping[str, Any] | None,
            *,
            devices: Sequence[Mapping[str, Any]] = (),
            devices_step: int = STEP_LAUNCHER,
        ) -> tuple[Operation, ...]:
            """Makes the cgroups, sets `linux.resources`, and joins; empty if there is an `adopter`.

            Args:
                resources: `linux.resources`, or None.
                devices: `linux.devices`; one at the path of a default device takes that one's default rule away.
                devices_step: when device rules take effect. STEP_ATTEND if init still mounts block devices.

            Raises:
                InvalidArgument, Unsupported: a limit that cannot be set here.
            """

        @property
        def adopter(self) -> UnitManager | None:
            """Not None with systemd: who must be given the new process, as no operation can make a unit."""

        def join_operations(
            self, subgroups: Mapping[str, str] | None = None, *, init: int = 0
        ) -> tuple[Operation, ...]:
            """Joins the container's cgroups, for exec.

            Args:
                subgroups: of `exec --cgroup [CONTROLLER,...:]PATH`: controller, or "" for all, to relative path.
                init: the container's process; where it is, is joined if the container's own cgroup may have none.
            """

        def update(self, resources: Mapping[str, Any], *, previous: Mapping[str, Any] | None = None) -> None:
            """Sets the whole of `resources` now, but for devices; if that fails, sets `previous` again.

            Raises:
                OperationFailed: the kernel refused a value.
            """

        def freeze(self) -> None:
            """Returns when every process is frozen; raises OperationFailed, and thaws, if that does not happen."""

        def thaw(self) -> None: ...

        def is_frozen(self) -> bool: ...

        def pids(self, *, recursive: bool = True) -> tuple[int, ...]:
            """The processes, with those of sub-cgroups unless told otherwise; empty if the cgroup is gone."""

        def kill(self, signal: int = 9) -> None:
            """Sends a signal to every process, also to those forked meanwhile."""

        def statistics(self) -> dict[str, Any]:
            """What `runc events --stats` has under `data`, but for intel_rdt and network_interfaces."""

        def oom_kill_count(self) -> int:
            """How many processes were killed because the memory limit was reached."""

        def oom_events(self) -> OomEvents:
            """Watches for out-of-memory events."""

        def remove(self) -> None:
            """Removes the container's cgroups, deepest first.

            Raises:
                OperationFailed: one of them stayed busy.
            """

    class UnitManager(Protocol):
        """What systemd must be asked to do, when the process is there and waits at the barrier `created`.

        The plan must have that barrier before init unshares its cgroup namespace.
        """

        def adopt(
            self, pid: int, resources: Mapping[str, Any] | None, *, devices: Sequence[Mapping[str, Any]] = ()
        ) -> None:
            """create: starts the unit with init in it, and sets `linux.resources`."""

        @property
        def attaches(self) -> bool:
            """Whether exec needs `attach`, because join_operations is empty (rootless)."""

        def attach(self, pid: int, subgroups: Mapping[str, str] | None = None) -> None:
            """exec: moves the process into the unit."""


def select_manager(
    layout: Layout | None = None,
    *,
    cgroups_path: str = "",
    container_id: str,
    rootless: bool = False,
    systemd: bool = False,
    annotations: Mapping[str, str] | None = None,
    owner_uid: int | None = None,
) -> CgroupManager:
    """The manager for a new container.

    Args:
        layout: what `detect_layout` found; None to have it called.
        cgroups_path: `linux.cgroupsPath`, "" if absent.
        container_id: names the cgroup if there is no path.
        rootless: tolerate, as runc does, that cgroups may not be made, if no path was given and no limit set.
        systemd: `--systemd-cgroup`.
        annotations: the config's; `org.systemd.property.*` are handed to systemd.
        owner_uid: who will own the unit's cgroup (user namespace, writable cgroup mount); only with systemd.

    Raises:
        InvalidArgument: the path has not the form that the driver needs.
        Unsupported: no cgroups, or no systemd, on this host.
    """
    if layout is None:
        layout = detect_layout()
    if systemd:
        from .systemd import new_systemd_manager

        return new_systemd_manager(
            layout,
            cgroups_path,
            container_id,
            rootless=rootless,
            annotations=annotations or {},
            owner_uid=owner_uid,
        )
    if layout.version == 0:
        if not rootless:
            raise Unsupported("no cgroup mount found in mountinfo: mount cgroup2 on /sys/fs/cgroup")
        return manager_from_paths({}, version=0)
    directories = container_directories(layout, cgroups_path, container_id)
    tolerant = rootless and not cgroups_path
    if layout.version == 1:
        from .v1 import V1Manager

        wanted = {name: path for name, path in directories.items() if _joined(name, path, tolerant=tolerant)}
        return V1Manager(wanted, rootless=rootless)
    if tolerant and not _joined(UNIFIED, directories[UNIFIED], tolerant=True):
        from .none import NoCgroups

        return NoCgroups(f"{directories[UNIFIED]} may not be made; ask for the delegation of a cgroup")
    from .v2 import V2Manager

    return V2Manager(directories[UNIFIED], rootless=rootless)


def _joined(controller: str, directory: str, *, tolerant: bool) -> bool:
    """False for a tree that runc would fail to join and ignore that."""
    if tolerant or controller in {"name=systemd", "misc", UNIFIED}:
        return posix.access(nearest_existing(directory), posix.W_OK | posix.X_OK)
    return True


def manager_from_paths(
    paths: Mapping[str, str], *, version: int, rootless: bool = False, unit: str = ""
) -> CgroupManager:
    """The manager of a container that exists, from its state file.

    Args:
        paths: what `CgroupManager.paths` gave at create.
        version: `cgroup-version` of the state file.
        rootless: as at create.
        unit: `systemd-unit` of the state file, "" if none.

    Raises:
        InvalidArgument: a path is not absolute and clean: the state file was tampered with.
    """
    for path in paths.values():
        if not path.startswith("/") or "/../" in f"{path}/" or "//" in path:
            raise InvalidArgument(f"state file: bad cgroup path {path!r}")
    if unit:
        from .systemd import SystemdManager

        return SystemdManager(dict(paths), version=version, rootless=rootless, unit=unit)
    if version == 2:
        from .v2 import V2Manager

        return V2Manager(paths[UNIFIED], rootless=rootless)
    if version == 1:
        from .v1 import V1Manager

        return V1Manager(dict(paths), rootless=rootless)
    from .none import NoCgroups

    return NoCgroups()
