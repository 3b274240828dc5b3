"""cpuset: which CPUs and memory nodes.

On cgroup v1 a new cpuset is empty, and nobody can join an empty one: it takes its parent's values, and so do
all parents that are made on the way (cgroup-v1/cpusets.rst).
"""

from __future__ import annotations

from ...plan.operations import STEP_LAUNCHER, copy_if_empty
from ..files import exists, nearest_existing, read_text
from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...plan.operation import Operation

WHERE = "linux.cgroupsPath"


def v1(directory: str, cpu: Mapping[str, Any]) -> list[Operation]:
    """The files of cgroup v1; `directory` need not exist."""
    prefix = _prefix(directory)
    operations = []
    if cpu.get("cpus"):
        operations.append(setting(directory, f"{prefix}cpus", cpu["cpus"], "cpu.cpus"))
    if cpu.get("mems"):
        operations.append(setting(directory, f"{prefix}mems", cpu["mems"], "cpu.mems"))
    return operations


def v1_inherit(directory: str) -> list[Operation]:
    """Gives a directory, which must have been made before, its parent's values where it has none."""
    parent, _, _ = directory.rpartition("/")
    prefix = _prefix(directory)
    return [
        copy_if_empty(STEP_LAUNCHER, WHERE, f"{parent}/{prefix}{name}", f"{directory}/{prefix}{name}")
        for name in ("cpus", "mems")
    ]


def v1_is_empty(directory: str) -> bool:
    """Whether an existing cpuset still lacks its values."""
    prefix = _prefix(directory)
    return not all((read_text(f"{directory}/{prefix}{name}") or "").strip() for name in ("cpus", "mems"))


def _prefix(directory: str) -> str:
    """`cpuset.`, or nothing where the hierarchy was mounted with noprefix (Android)."""
    return "" if exists(f"{nearest_existing(directory)}/cpus") else "cpuset."


def v2(directory: str, cpu: Mapping[str, Any]) -> list[Operation]:
    """The files of cgroup v2; an empty one has the parent's values by itself."""
    operations = []
    if cpu.get("cpus"):
        operations.append(setting(directory, "cpuset.cpus", cpu["cpus"], "cpu.cpus"))
    if cpu.get("mems"):
        operations.append(setting(directory, "cpuset.mems", cpu["mems"], "cpu.mems"))
    return operations
