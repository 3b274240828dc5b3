"""The way down to a cgroup of v2: which directories are made, and which controllers each level hands down.

A cgroup with processes can hand down only some controllers, and what is below it then is threaded ("No Internal
Process Constraint" and "Threads" of cgroup-v2.rst). The host's root is no such cgroup.
"""

from __future__ import annotations

import posix

from ..errors import InvalidArgument
from ..plan.operations import STEP_LAUNCHER, WRITE_MAY_FAIL, make_directory, write_file
from ..record import Record
from .controllers import is_asked_for
from .files import exists, missing_levels, read_text, read_words
from .processes import pids_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..plan.operation import Operation

WHERE = "linux.cgroupsPath"
DIRECTORY_MODE = 0o755
THREADED = ("cpu", "cpuset", "pids", "perf_event")
# Sections of linux.resources that a threaded cgroup is refused with, as runc does, though the kernel has cpu there.
DOMAIN_SECTIONS = ("memory", "blockIO", "cpu", "hugepageLimits")
CONTROLLERS = {
    "memory": ("memory",),
    "blockIO": ("io",),
    "hugepageLimits": ("hugetlb",),
    "rdma": ("rdma",),
    "cpu": ("cpu", "cpuset"),
    "pids": ("pids",),
}


class Way(Record):
    """From the root of the tree to a cgroup that exists.

    operations: enable controllers.
    given: what a cgroup made below it should then have.
    crowded: its last level with processes, "" if there is none.
    """

    operations: tuple[Operation, ...]
    given: tuple[str, ...]
    crowded: str


def tree_operations(directory: str, resources: Mapping[str, Any]) -> list[Operation]:
    """mkdir of what is missing, with every controller handed down from each parent.

    Raises:
        InvalidArgument: a limit cannot be set in the kind of cgroup that this can be.
    """
    missing = missing_levels(directory)
    parent = missing[0].rpartition("/")[0]
    way = hand_down(parent, resources)
    threaded = _is_threaded(directory, parent, way, resources)
    operations = list(way.operations)
    for level in missing:
        operations.append(make_directory(STEP_LAUNCHER, WHERE, level, DIRECTORY_MODE))
        if threaded:
            kind = f"{level}/cgroup.type"
            operations.append(write_file(STEP_LAUNCHER, WHERE, kind, b"threaded", WRITE_MAY_FAIL))
        if level != directory and way.given:
            operations.append(_enable(level, way.given))
    return operations


def hand_down(directory: str, resources: Mapping[str, Any]) -> Way:
    """Enables, from the top of the tree to this cgroup, what is not enabled yet and what we may.

    Where there are processes that is only what the limits need: others live there, and the less changes the better.
    """
    levels = []
    while exists(f"{directory}/cgroup.subtree_control"):
        levels.append(directory)
        directory = directory.rpartition("/")[0]
    operations: list[Operation] = []
    given: tuple[str, ...] = ()
    crowded = ""
    for level in reversed(levels):
        control = f"{level}/cgroup.subtree_control"
        enabled = read_words(control)
        available = dict.fromkeys((*read_words(f"{level}/cgroup.controllers"), *given))
        missing = tuple(name for name in available if name not in enabled)
        given = enabled
        if not missing or not posix.access(control, posix.W_OK):
            continue
        if exists(f"{level}/cgroup.type") and pids_in(level):
            crowded = level
            needed = needed_controllers(resources)
            missing = tuple(name for name in missing if name in THREADED and name in needed)
            operations += [_enable(level, (name,)) for name in missing]
        else:
            operations.append(_enable(level, missing))
        given += missing
    return Way(tuple(operations), given, crowded)


def needed_controllers(resources: Mapping[str, Any]) -> frozenset[str]:
    """The controllers without which these limits cannot be set."""
    needed = {name.partition(".")[0] for name in resources.get("unified") or ()}
    for section, controllers in CONTROLLERS.items():
        if is_asked_for(resources.get(section)):
            needed.update(controllers)
    return frozenset(needed)


def _is_threaded(directory: str, parent: str, way: Way, resources: Mapping[str, Any]) -> bool:
    """Whether a new cgroup below the parent can only be a threaded one; raises InvalidArgument as `tree_operations`."""
    kind = (read_text(f"{parent}/cgroup.type") or "").strip()
    if kind not in {"", "domain"}:
        refused = [key for key in DOMAIN_SECTIONS if is_asked_for(resources.get(key))]
        reason = f'{parent} is in "{kind}" mode'
    elif way.crowded:
        refused = [
            key
            for key, controllers in CONTROLLERS.items()
            if is_asked_for(resources.get(key)) and not set(controllers).issubset((*way.given, *THREADED))
        ]
        reason = f"{way.crowded} has processes"
    else:
        return False
    if refused:
        raise InvalidArgument(
            f'linux.resources.{refused[0]}: cannot enter cgroupv2 "{directory}" with domain controllers -- {reason}'
        )
    return kind not in {"", "domain"} or (way.crowded == parent and bool(way.given))


def _enable(directory: str, controllers: Sequence[str]) -> Operation:
    data = " ".join(f"+{name}" for name in controllers).encode()
    return write_file(STEP_LAUNCHER, WHERE, f"{directory}/cgroup.subtree_control", data, WRITE_MAY_FAIL)
