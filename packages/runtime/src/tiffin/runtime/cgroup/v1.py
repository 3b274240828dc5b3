"""`V1Manager`: a directory in each tree of cgroup v1, and on a hybrid host one in the cgroup v2 beside them.

Joining: the launcher is single-threaded, so it writes itself to `tasks`. That is the same as cgroup.procs, but
spares the kernel a global lock, which is 11 ms on Linux 6.18 (measured) for the first of the trees. The cgroup v2 of
a hybrid host is joined by the clone itself.
"""

from __future__ import annotations

import errno

from ..errors import FailedPrecondition, InvalidArgument, OperationFailed, Unsupported
from ..plan.operations import (
    STEP_LAUNCHER,
    WRITE_MAY_FAIL,
    clone_into_cgroup,
    make_directory,
    write_pid,
)
from .controllers import is_asked_for
from .files import exists, missing_levels, read_number, read_pairs, read_text
from .paths import UNIFIED, subgroup_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..plan.operation import Operation
    from .oom import OomEvents

WHERE = "linux.cgroupsPath"
DIRECTORY_MODE = 0o755
JOIN_ONLY = ("name=systemd", "misc")  # runc ignores it when these cannot be joined


class V1Manager:
    """The cgroups of one container on cgroup v1 or a hybrid host.

    Args:
        paths: absolute directories by controller, and `unified`; co-mounted controllers have the same one.
        rootless: device rules may fail.
    """

    version = 1
    unit = ""
    adopter = None

    def __init__(self, paths: dict[str, str], *, rootless: bool = False) -> None:
        self._paths = paths
        self._rootless = rootless

    def paths(self) -> dict[str, str]:
        return dict(self._paths)

    def exists(self) -> bool:
        return "devices" in self._paths and exists(self._paths["devices"])

    def check_unused(self) -> None:
        """Raises FailedPrecondition if the cgroup is there and frozen. (runc tolerates processes in it on v1.)"""
        if self.is_frozen():
            raise FailedPrecondition("container's cgroup unexpectedly frozen")

    def create_operations(
        self,
        resources: Mapping[str, Any] | None,
        *,
        devices: Sequence[Mapping[str, Any]] = (),
        devices_step: int = STEP_LAUNCHER,
    ) -> tuple[Operation, ...]:
        resources = resources or {}
        operations = self._directories(resources.get("cpu") or {})
        operations += self._device_operations(resources, devices, devices_step)
        operations += self.settings(resources)
        return (*operations, *self.join_operations())

    def _directories(self, cpu: Mapping[str, Any]) -> list[Operation]:
        """mkdir of what is missing; a cpuset gets its values at once, from the top."""
        operations: list[Operation] = []
        done: set[str] = set()
        for controller, path in self._paths.items():
            if path in done:
                continue
            done.add(path)
            missing = missing_levels(path)
            if controller != "cpuset":
                operations += [
                    make_directory(STEP_LAUNCHER, WHERE, level, DIRECTORY_MODE) for level in missing
                ]
                continue
            from .controllers import cpuset

            parent = missing[0].rpartition("/")[0]
            if cpuset.v1_is_empty(parent):
                operations += cpuset.v1_inherit(parent)
            for level in missing:
                operations.append(make_directory(STEP_LAUNCHER, WHERE, level, DIRECTORY_MODE))
                if level == path:
                    operations += cpuset.v1(path, cpu)
                operations += cpuset.v1_inherit(level)
        return operations

    def _device_operations(
        self, resources: Mapping[str, Any], devices: Sequence[Mapping[str, Any]], step: int
    ) -> list[Operation]:
        from .controllers.devices import effective_rules, in_user_namespace, v1

        rules = effective_rules(resources.get("devices"), devices)
        if "devices" not in self._paths or in_user_namespace():
            return []
        flags = WRITE_MAY_FAIL if self._rootless else 0
        return v1(self._paths["devices"], rules, step=step, flags=flags)

    def settings(self, resources: Mapping[str, Any]) -> list[Operation]:
        """Every limit of `linux.resources` but cpuset at create, and devices.

        Raises:
            InvalidArgument: `unified` is set, or a value is out of range.
            Unsupported: a limit of a controller that is not mounted, or that could not be joined.
        """
        if resources.get("unified"):
            raise InvalidArgument(
                "linux.resources.unified: invalid configuration: cannot use unified on cgroup v1"
            )
        operations: list[Operation] = []
        for key, controllers in SECTIONS:
            section = resources.get(key)
            if is_asked_for(section):
                for controller in controllers:
                    operations += self._section(key, controller, section)
        return operations

    def _section(self, key: str, controller: str, section: Any) -> list[Operation]:
        directory = self._paths.get(controller, "")
        operations = section_operations(controller, directory, section)
        if operations and not directory:
            raise Unsupported(
                f"linux.resources.{key}: cannot set {controller} limit: container could not join or create cgroup "
                f"(is the controller {controller} mounted?)"
            )
        return operations

    def join_operations(
        self,
        subgroups: Mapping[str, str] | None = None,
        *,
        init: int = 0,  # noqa: ARG002
    ) -> tuple[Operation, ...]:
        paths = self._subgroup_paths(subgroups or {})
        unified = paths.pop(UNIFIED, None)
        operations = []
        done: set[str] = set()
        for controller, path in paths.items():
            if path not in done:
                done.add(path)
                flags = WRITE_MAY_FAIL if controller in JOIN_ONLY else 0
                operations.append(write_pid(STEP_LAUNCHER, WHERE, f"{path}/tasks", flags))
        # Processes can be cloned only into a cgroup that hands no controllers down.
        if unified and not (read_text(f"{unified}/cgroup.subtree_control") or "").strip():
            operations.append(clone_into_cgroup(STEP_LAUNCHER, WHERE, unified))
        return tuple(operations)

    def _subgroup_paths(self, subgroups: Mapping[str, str]) -> dict[str, str]:
        if "" in subgroups:
            return {name: subgroup_directory(path, subgroups[""]) for name, path in self._paths.items()}
        paths = dict(self._paths)
        for controller, subgroup in subgroups.items():
            if controller not in paths:
                raise InvalidArgument(f"--cgroup: unknown controller {controller} in SubCgroupPaths")
            paths[controller] = subgroup_directory(paths[controller], subgroup)
        return paths

    def update(self, resources: Mapping[str, Any], *, previous: Mapping[str, Any] | None = None) -> None:
        from .update import apply_update

        apply_update(self._update_operations, resources, previous, self._explain)

    def _update_operations(self, resources: Mapping[str, Any]) -> list[Operation]:
        from .controllers import cpuset

        operations = self.settings(resources)
        cpu = resources.get("cpu") or {}
        if cpu.get("cpus") or cpu.get("mems"):
            operations = cpuset.v1(self._required("cpuset"), cpu) + operations
        return operations

    def _explain(self, failure: OperationFailed) -> str:
        """What to say of a memory limit below what is in use."""
        if failure.errno != errno.EBUSY or failure.where != "linux.resources.memory.limit":
            return ""
        directory = self._required("memory")
        usage, peak = (read_number(f"{directory}/memory.{name}_in_bytes") for name in ("usage", "max_usage"))
        return f"unable to set memory limit (current usage: {usage}, peak usage: {peak})"

    def _required(self, controller: str) -> str:
        if controller not in self._paths:
            raise Unsupported(f"cgroup v1 controller {controller}: container could not join or create cgroup")
        return self._paths[controller]

    def freeze(self) -> None:
        from .freezer import freeze_v1

        freeze_v1(self._required("freezer"))

    def thaw(self) -> None:
        from .freezer import thaw_v1

        thaw_v1(self._required("freezer"))

    def is_frozen(self) -> bool:
        path = self._paths.get("freezer")
        if path is None or not exists(path):
            return False
        from .freezer import is_frozen_v1

        return is_frozen_v1(path)

    def pids(self, *, recursive: bool = True) -> tuple[int, ...]:
        from .processes import pids_below, pids_in

        path = self._paths.get("devices")
        if path is None:
            return ()
        return pids_below(path) if recursive else pids_in(path)

    def kill(self, signal: int = 9) -> None:
        from .processes import SIGKILL, kill_v2, signal_all

        pids: Callable[[], tuple[int, ...]] = self.pids
        if signal == SIGKILL and UNIFIED in self._paths and kill_v2(self._paths[UNIFIED]):
            pids = self._outside_unified
        was_frozen = self.is_frozen()
        has_freezer = "freezer" in self._paths and exists(self._paths["freezer"])
        try:
            if has_freezer and pids():
                self._try_to_freeze()
            signal_all(pids, signal)
        finally:
            # A frozen process dies of SIGKILL only when it is thawed; a paused container takes others later.
            if has_freezer and (signal == SIGKILL or not was_frozen):
                self.thaw()

    def _outside_unified(self) -> tuple[int, ...]:
        """Processes that joined the v1 trees only."""
        from .processes import pids_below

        return tuple(set(self.pids()).difference(pids_below(self._paths[UNIFIED])))

    def _try_to_freeze(self) -> None:
        """Freezing spares rounds of killing; where processes fork faster than it freezes, rounds it is."""
        try:
            self.freeze()
        except OperationFailed as error:
            if error.errno != errno.EBUSY:
                raise

    def statistics(self) -> dict[str, Any]:
        from .statistics.v1 import statistics

        return statistics(self._paths)

    def oom_kill_count(self) -> int:
        path = self._paths.get("memory")
        pairs = read_pairs(f"{path}/memory.oom_control") if path else None
        return (pairs or {}).get("oom_kill", 0)

    def oom_events(self) -> OomEvents:
        from .oom import watch_v1

        return watch_v1(self._required("memory"))

    def remove(self) -> None:
        from .removal import remove_all

        remove_all(self._paths.values())


# Key of linux.resources, and the controllers that its values go to; runc's order.
SECTIONS = (
    ("memory", ("memory",)),
    ("cpu", ("cpu",)),
    ("pids", ("pids",)),
    ("blockIO", ("blkio",)),
    ("hugepageLimits", ("hugetlb",)),
    ("network", ("net_cls", "net_prio")),
    ("rdma", ("rdma",)),
)


def section_operations(controller: str, directory: str, section: Any) -> list[Operation]:
    """The operations of one controller. Modules are loaded by need: most containers set few limits."""
    if controller == "memory":
        from .controllers import memory

        return memory.v1(directory, section)
    if controller == "cpu":
        from .controllers import cpu

        return cpu.v1(directory, section)
    if controller == "pids":
        from .controllers import pids

        return pids.set_limit(directory, section)
    if controller == "blkio":
        from .controllers import io

        return io.v1(directory, section)
    if controller == "hugetlb":
        from .controllers import hugetlb

        return hugetlb.v1(directory, section)
    if controller == "rdma":
        from .controllers import rdma

        return rdma.set_limits(directory, section)
    from .controllers import network

    return (network.v1_class if controller == "net_cls" else network.v1_priorities)(directory, section)
