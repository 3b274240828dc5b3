"""pids: how many tasks. The file is the same on cgroup v1 and v2 (cgroup-v1/pids.rst)."""

from __future__ import annotations

from ...plan.operations import STEP_MAPPING
from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...plan.operation import Operation


def set_limit(directory: str, pids: Mapping[str, Any]) -> list[Operation]:
    """pids.max: a limit below 0 is none; 0 leaves it alone, as runc up to 1.3 does.

    It is set after the clone: on cgroup v1 the launcher is in the cgroup too, and a limit of 1 would stop it from
    making init.
    """
    limit = pids.get("limit")
    if not limit:
        return []
    value = "max" if limit < 0 else limit
    return [setting(directory, "pids.max", value, "pids.limit", step=STEP_MAPPING)]
