"""`PlanPattern`: the plan of a config, into which a container's own operations are put.

cgroups of the container | keyring | cgroup mounts that show them      made for each container
everything else                                                        made, and encoded, once
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..plan.encode import encode_operation
from ..plan.operation import Operation, Plan
from .cgroup_pattern import CgroupPattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiffin.spec.runtime.tree import ConfigTree


class PlanPattern:
    """What stays the same from plan to plan.

    Args:
        plan: that of one container.
        limits: the operations in it that make and join its cgroups, which stand together.
        keyring: the operation in it that names its keyring, or None.
        paths: of its cgroups, by controller.
        config: where they come from.

    encoded: operations as the core reads them, by the id() of those that may be in every plan.
    cgroups: how to have `limits` of another container for less.
    """

    def __init__(
        self,
        plan: Plan,
        limits: Sequence[Operation],
        keyring: Operation | None,
        paths: Mapping[str, str],
        config: ConfigTree,
    ) -> None:
        self._operations = plan.operations
        self._first = plan.operations.index(limits[0]) if limits else 0
        self._end = self._first + len(limits)
        if self._operations[self._first : self._end] != tuple(limits):
            raise ValueError("the operations of the cgroups do not stand together")
        self._keyring = plan.operations.index(keyring) if keyring is not None else -1
        self._binds = _binds_of_cgroups(plan, paths, config)
        self.cgroups = CgroupPattern(limits, paths)
        own = {self._keyring, *self._binds}
        self.encoded = {
            id(operation): encode_operation(operation)
            for index, operation in enumerate(self._operations)
            if index not in own
        }

    def plan(self, limits: Sequence[Operation], keyring: Operation | None, paths: Mapping[str, str]) -> Plan:
        """The plan of another container of the same config."""
        operations = list(self._operations)
        if keyring is not None:
            operations[self._keyring] = keyring
        for index, controller in self._binds.items():
            number, step, where, arguments = operations[index]
            operations[index] = Operation(number, step, where, (paths[controller], *arguments[1:]))
        operations[self._first : self._end] = limits
        return Plan(tuple(operations))


def _binds_of_cgroups(plan: Plan, paths: Mapping[str, str], config: ConfigTree) -> dict[int, str]:
    """Index of each operation whose source is a cgroup of the container: which controller's."""
    mounts = enumerate(config.get("mounts", ()))
    wheres = {f"mounts[{index}]" for index, mount in mounts if mount.get("type") == "cgroup"}
    controllers = {path: controller for controller, path in paths.items()}
    return {
        index: controllers[operation.arguments[0]]
        for index, operation in enumerate(plan.operations)
        if operation.where in wheres and operation.arguments and operation.arguments[0] in controllers
    }
