"""`V2Manager`: one directory in the unified tree of cgroup v2.

Init is cloned into it (CLONE_INTO_CGROUP), so the launcher never is in the container's cgroup. Controllers are
enabled on the way down to it; what cannot be enabled is missed only by a limit that needs it.
"""

from __future__ import annotations

import posix

from ..errors import FailedPrecondition, InvalidArgument
from ..plan.operations import STEP_LAUNCHER, WRITE_MAY_FAIL, clone_into_cgroup
from .controllers import is_asked_for
from .files import exists, nearest_existing, read_pairs, read_text, read_words
from .paths import UNIFIED, subgroup_directory
from .v2_tree import WHERE, hand_down, tree_operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..plan.operation import Operation
    from .oom import OomEvents


class V2Manager:
    """The cgroup of one container on cgroup v2.

    Args:
        directory: absolute.
        rootless: device rules may fail.
    """

    version = 2
    unit = ""
    adopter = None

    def __init__(self, directory: str, *, rootless: bool = False) -> None:
        self._directory = directory
        self._rootless = rootless

    def paths(self) -> dict[str, str]:
        return {UNIFIED: self._directory}

    def exists(self) -> bool:
        return exists(self._directory)

    def check_unused(self) -> None:
        """Raises FailedPrecondition if the cgroup has processes, or is frozen."""
        pids = self.pids()
        if pids:
            raise FailedPrecondition(f"container's cgroup is not empty: {len(pids)} process(es) found")
        if (read_text(f"{self._directory}/cgroup.freeze") or "").strip() == "1":
            raise FailedPrecondition("container's cgroup unexpectedly frozen")

    def create_operations(
        self,
        resources: Mapping[str, Any] | None,
        *,
        devices: Sequence[Mapping[str, Any]] = (),
        devices_step: int = STEP_LAUNCHER,
    ) -> tuple[Operation, ...]:
        resources = resources or {}
        operations = tree_operations(self._directory, resources)
        operations += self.settings(resources)
        operations += self.device_operations(resources, devices, devices_step)
        operations.append(clone_into_cgroup(STEP_LAUNCHER, WHERE, self._directory))
        return tuple(operations)

    def settings(self, resources: Mapping[str, Any]) -> list[Operation]:
        """Every limit of `linux.resources` but devices, in runc's order.

        Raises:
            InvalidArgument, FailedPrecondition, Unsupported: a limit that cannot be set.
        """
        operations: list[Operation] = []
        for key in SECTIONS:
            section = resources.get(key)
            if is_asked_for(section):
                operations += section_operations(key, self._directory, section)
        if resources.get("unified"):
            from .controllers import unified

            operations += unified.v2(self._directory, resources["unified"], self._available(resources))
        return operations

    def _available(self, resources: Mapping[str, Any]) -> tuple[str, ...]:
        """The controllers that the cgroup has, or will have when it is made."""
        if self.exists():
            return read_words(f"{self._directory}/cgroup.controllers")
        return hand_down(nearest_existing(self._directory), resources).given

    def device_operations(
        self, resources: Mapping[str, Any], devices: Sequence[Mapping[str, Any]], step: int
    ) -> list[Operation]:
        """The device filter; none where the kernel lets us load none: without root, and in a user namespace."""
        from .controllers.devices import effective_rules, in_user_namespace, v2

        rules = effective_rules(resources.get("devices"), devices)
        if posix.geteuid() != 0 or in_user_namespace():
            return []
        return v2(self._directory, rules, step=step, flags=WRITE_MAY_FAIL if self._rootless else 0)

    def join_operations(
        self, subgroups: Mapping[str, str] | None = None, *, init: int = 0
    ) -> tuple[Operation, ...]:
        unknown = [controller for controller in subgroups or {} if controller]
        if unknown:
            raise InvalidArgument(f"--cgroup: unknown controller {unknown[0]}: cgroup v2 has one tree")
        directory = subgroup_directory(self._directory, (subgroups or {}).get("", ""))
        if not subgroups and read_words(f"{directory}/cgroup.subtree_control"):
            directory = self._cgroup_of(init)
        return (clone_into_cgroup(STEP_LAUNCHER, WHERE, directory),)

    def _cgroup_of(self, pid: int) -> str:
        """Where a process is below the container's cgroup, which handed controllers down, and so has no processes."""
        from .processes import pids_in, subdirectories

        inner = subdirectories(self._directory)
        return next((directory for directory in inner if pid in pids_in(directory)), self._directory)

    def update(self, resources: Mapping[str, Any], *, previous: Mapping[str, Any] | None = None) -> None:
        from .update import apply_update

        apply_update(self.settings, resources, previous, lambda _failure: "")

    def update_devices(
        self, rules: Sequence[Mapping[str, Any]], *, devices: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Replaces the device filter, with no moment in which there is none.

        Args:
            rules: `linux.resources.devices`.
            devices: `linux.devices`.
        """
        from .apply import apply

        apply(self.device_operations({"devices": rules}, devices, STEP_LAUNCHER))

    def freeze(self) -> None:
        from .freezer import freeze_v2

        freeze_v2(self._directory)

    def thaw(self) -> None:
        from .freezer import thaw_v2

        thaw_v2(self._directory)

    def is_frozen(self) -> bool:
        from .freezer import is_frozen_v2

        return is_frozen_v2(self._directory)

    def pids(self, *, recursive: bool = True) -> tuple[int, ...]:
        from .processes import pids_below, pids_in

        return pids_below(self._directory) if recursive else pids_in(self._directory)

    def kill(self, signal: int = 9) -> None:
        from .processes import SIGKILL, kill_v2, signal_all

        if not self.exists() or (signal == SIGKILL and kill_v2(self._directory)):
            return
        was_frozen = self.is_frozen()
        if exists(f"{self._directory}/cgroup.freeze"):
            self.freeze()
        try:
            signal_all(self.pids, signal)
        finally:
            if signal == SIGKILL or not was_frozen:
                self.thaw()

    def statistics(self) -> dict[str, Any]:
        from .statistics.v2 import statistics

        return statistics(self._directory)

    def oom_kill_count(self) -> int:
        return (read_pairs(f"{self._directory}/memory.events") or {}).get("oom_kill", 0)

    def oom_events(self) -> OomEvents:
        from .oom import watch_v2

        return watch_v2(self._directory)

    def remove(self) -> None:
        from .removal import remove_all

        remove_all((self._directory,))


SECTIONS = ("pids", "memory", "blockIO", "cpu", "hugepageLimits", "rdma")


def section_operations(key: str, directory: str, section: Any) -> list[Operation]:
    """The operations of one section; its module is loaded by need."""
    if key == "pids":
        from .controllers import pids

        return pids.set_limit(directory, section)
    if key == "memory":
        from .controllers import memory

        return memory.v2(directory, section)
    if key == "blockIO":
        from .controllers import io

        return io.v2(directory, section)
    if key == "cpu":
        from .controllers import cpu, cpuset

        return cpu.v2(directory, section) + cpuset.v2(directory, section)
    if key == "hugepageLimits":
        from .controllers import hugetlb

        return hugetlb.v2(directory, section)
    from .controllers import rdma

    return rdma.set_limits(directory, section)
