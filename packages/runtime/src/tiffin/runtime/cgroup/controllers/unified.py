"""`linux.resources.unified`: any file of cgroup v2 by its name, `misc.max` and what else has no key of its own.

A value of several lines is written line by line, because such files take one line a write.
"""

from __future__ import annotations

from ...errors import InvalidArgument, Unsupported
from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ...plan.operation import Operation

# Files that are there without their controller.
ALWAYS = ("cgroup.", "cpu.pressure", "io.pressure", "memory.pressure", "irq.pressure")


def v2(
    directory: str, unified: Mapping[str, str], available: Collection[str] | None = None
) -> list[Operation]:
    """One write for each line of each value, in the config's order.

    Args:
        directory: the container's cgroup.
        unified: file name to value.
        available: the controllers that the cgroup can have; None if that is not known.

    Raises:
        InvalidArgument: a name is not that of a file of a controller.
        Unsupported: its controller is not available.
    """
    operations = []
    for name, value in unified.items():
        where = f'linux.resources.unified["{name}"]'
        if "/" in name:
            raise InvalidArgument(f'{where}: unified resource "{name}" must be a file name (no slashes)')
        controller, dot, _ = name.partition(".")
        if not dot:
            raise InvalidArgument(
                f'{where}: unified resource "{name}" must be in the form CONTROLLER.PARAMETER'
            )
        if available is not None and controller not in available and not name.startswith(ALWAYS):
            raise Unsupported(
                f'{where}: unified resource "{name}" can\'t be set: controller "{controller}" not available'
            )
        lines = value.splitlines(keepends=True) or [""]
        operations += [setting(directory, name, line, f'unified["{name}"]') for line in lines]
    return operations
