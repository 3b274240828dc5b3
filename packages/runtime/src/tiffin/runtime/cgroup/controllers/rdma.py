"""rdma: handles and objects of each InfiniBand device; the file is the same on v1 and v2 (cgroup-v1/rdma.rst)."""

from __future__ import annotations

from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...plan.operation import Operation


def set_limits(directory: str, rdma: Mapping[str, Mapping[str, Any]]) -> list[Operation]:
    """rdma.max, one write for each device."""
    operations = []
    for device, limits in rdma.items():
        value = device
        if limits.get("hcaHandles") is not None:
            value += f" hca_handle={limits['hcaHandles']}"
        if limits.get("hcaObjects") is not None:
            value += f" hca_object={limits['hcaObjects']}"
        operations.append(setting(directory, "rdma.max", value, f'rdma["{device}"]'))
    return operations
