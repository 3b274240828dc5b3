"""`read`: the metrics of a container's cgroups, of either version."""

from __future__ import annotations

from tiffin.runtime.cgroup.paths import UNIFIED

from .read_v1 import read_v1
from .read_v2 import read_v2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.runtime.cgroup.manager import CgroupManager

    from . import values_v1, values_v2


def read(manager: CgroupManager) -> values_v1.Metrics | values_v2.Metrics:
    """Reads them now. What is gone meanwhile counts as nothing.

    Raises:
        OSError: a file may not be read.
    """
    paths = manager.paths()
    return read_v2(paths[UNIFIED]) if manager.version == 2 else read_v1(paths)
