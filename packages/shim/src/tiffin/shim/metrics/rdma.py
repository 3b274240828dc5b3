"""Of RDMA devices cgroup v1 and v2 tell the same, and so do containerd's messages: these records are in both.

`rdma.current` and `rdma.max`: `mlx4_0 hca_handle=2 hca_object=2000` (Documentation/admin-guide/cgroup-v1/rdma.rst).
"""

from __future__ import annotations

from tiffin.runtime.cgroup.files import read_text
from tiffin.runtime.record import Record

NO_LIMIT = 2**32 - 1


class RdmaEntry(Record):
    """One device. 2**32 - 1 is no limit."""

    device: str
    hca_handles: int
    hca_objects: int


class RdmaStat(Record):
    """All devices."""

    current: tuple[RdmaEntry, ...] = ()
    limit: tuple[RdmaEntry, ...] = ()


def read_rdma(directory: str) -> RdmaStat:
    """Of a cgroup; without the controller there are no devices."""
    return RdmaStat(_entries(f"{directory}/rdma.current"), _entries(f"{directory}/rdma.max"))


def _entries(path: str) -> tuple[RdmaEntry, ...]:
    found = []
    for line in (read_text(path) or "").splitlines():
        device, *pairs = line.split()
        values = dict(pair.partition("=")[::2] for pair in pairs)
        found.append(RdmaEntry(device, _number(values.get("hca_handle")), _number(values.get("hca_object"))))
    return tuple(found)


def _number(text: str | None) -> int:
    return NO_LIMIT if text == "max" else int(text or 0)
