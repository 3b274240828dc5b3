"""One module for each controller: pure functions from a directory and a part of `linux.resources` to operations.

`v1(directory, ...)` and `v2(directory, ...)` may look at the directory, or at its nearest parent that exists, to
learn current values and which files the kernel has; they never write. `setting` makes one write.
"""

from __future__ import annotations

from ...plan.operations import STEP_LAUNCHER, write_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...plan.operation import Operation


def setting(
    directory: str, name: str, value: object, where: str, *, flags: int = 0, step: int = STEP_LAUNCHER
) -> Operation:
    """Writes one value to one file of a cgroup; `where` is below `linux.resources`."""
    return write_file(step, f"linux.resources.{where}", f"{directory}/{name}", str(value).encode(), flags)


def is_asked_for(section: Any) -> bool:
    """Whether a section of `linux.resources` asks for anything; engines write many with null and "" only."""
    if not section:
        return False
    values = section.values() if isinstance(section, dict) else section
    return any(value is not None and value is not False and value not in ("", [], {}) for value in values)
