"""`rdma.current` and `rdma.max`, which are the same in cgroup v1 and v2: `mlx4_0 hca_handle=2 hca_object=2000`."""

from __future__ import annotations

from tiffin.runtime.cgroup.files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Entry = TypeVar("Entry")

NO_LIMIT = 2**32 - 1


def rdma_entries(path: str, entry: Callable[[str, int, int], Entry]) -> tuple[Entry, ...]:
    """The file's devices; none if there is no such file."""
    found = []
    for line in (read_text(path) or "").splitlines():
        device, *pairs = line.split()
        values = dict(pair.partition("=")[::2] for pair in pairs)
        found.append(entry(device, _number(values.get("hca_handle")), _number(values.get("hca_object"))))
    return tuple(found)


def _number(text: str | None) -> int:
    return NO_LIMIT if text == "max" else int(text or 0)
