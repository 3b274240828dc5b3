"""`CgroupPattern`: the operations that make one container's cgroups on cgroup v1, moved to another's.

They depend on little of the host: on which directories are there, and on what the parent's devices.list says. As long
as that is as it was, only the paths differ.
"""

from __future__ import annotations

import posix
from typing import TYPE_CHECKING, Any

from ..cgroup.files import read_text
from ..plan.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEVICES = "devices"


class CgroupPattern:
    """The operations of one container.

    Args:
        operations: what its manager gave to the plan.
        paths: of its cgroups, by controller.
    """

    def __init__(self, operations: Sequence[Operation], paths: Mapping[str, str]) -> None:
        self._operations = tuple(operations)
        self._paths = dict(paths)
        self._rules = parent_rules(paths)
        self._usable = is_fresh(paths)
        owners = {path: controller for controller, path in paths.items()}
        self._parts = [_parts(operation, owners) for operation in self._operations]

    def moved(self, paths: Mapping[str, str]) -> tuple[Operation, ...] | None:
        """The operations for these cgroups; None if the host has to be asked again."""
        if not (self._usable and is_fresh(paths) and parent_rules(paths) == self._rules):
            return None
        if paths == self._paths:
            return self._operations
        return tuple(
            _moved(operation, parts, paths)
            for operation, parts in zip(self._operations, self._parts, strict=True)
        )


Parts = tuple[tuple[int, str, str], ...]
"""(index of the argument, controller, what follows the path) of each argument that is below a cgroup."""


def _parts(operation: Operation, owners: Mapping[str, str]) -> Parts:
    found = []
    for index, argument in enumerate(operation.arguments):
        if isinstance(argument, str):
            for path, controller in owners.items():
                if argument == path or argument.startswith(f"{path}/"):
                    found.append((index, controller, argument[len(path) :]))
                    break
    return tuple(found)


def _moved(operation: Operation, parts: Parts, paths: Mapping[str, str]) -> Operation:
    if not parts:
        return operation
    number, step, where, arguments = operation
    changed: list[Any] = list(arguments)
    for index, controller, rest in parts:
        changed[index] = paths[controller] + rest
    return Operation(number, step, where, tuple(changed))


def is_fresh(paths: Mapping[str, str]) -> bool:
    """Whether none of the cgroups is there, and all that they are to be in are."""
    return all(
        posix.access(path.rpartition("/")[0], posix.F_OK) and not posix.access(path, posix.F_OK)
        for path in set(paths.values())
    )


def parent_rules(paths: Mapping[str, str]) -> str | None:
    """Which devices the parent of the container's cgroup allows."""
    path = paths.get(DEVICES)
    return read_text(f"{path.rpartition('/')[0]}/devices.list") if path else None
