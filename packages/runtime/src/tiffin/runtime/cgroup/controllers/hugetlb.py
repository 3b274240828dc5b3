"""hugetlb: pages of each huge size in use, and reserved (cgroup-v1/hugetlb.rst, cgroup-v2.rst)."""

from __future__ import annotations

from ...plan.operations import WRITE_OPTIONAL
from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ...plan.operation import Operation


def v1(directory: str, limits: Sequence[Mapping[str, Any]]) -> list[Operation]:
    """The files of cgroup v1."""
    return _limits(directory, limits, "limit_in_bytes")


def v2(directory: str, limits: Sequence[Mapping[str, Any]]) -> list[Operation]:
    """The files of cgroup v2."""
    return _limits(directory, limits, "max")


def _limits(directory: str, limits: Sequence[Mapping[str, Any]], name: str) -> list[Operation]:
    operations = []
    for index, entry in enumerate(limits):
        where = f"hugepageLimits[{index}].limit"
        file = f"hugetlb.{entry['pageSize']}"
        operations.append(setting(directory, f"{file}.{name}", entry["limit"], where))
        # Reservations are counted since Linux 5.7.
        rsvd = f"{file}.rsvd.{name}"
        operations.append(setting(directory, rsvd, entry["limit"], where, flags=WRITE_OPTIONAL))
    return operations
