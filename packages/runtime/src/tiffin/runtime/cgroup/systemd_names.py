"""Names of systemd units, and their cgroups: `linux.cgroupsPath` is `slice:prefix:name` (systemd.slice(5))."""

from __future__ import annotations

from ..errors import InvalidArgument
from ..record import Record

SLICE = ".slice"


class UnitName(Record):
    """Where a container's unit is.

    unit: `prefix-name.scope`, or the name itself if that is a slice.
    slice: its parent; "" for the default one.
    """

    unit: str
    slice: str
    name: str


def parse_unit(cgroups_path: str, container_id: str) -> UnitName:
    """The unit for `linux.cgroupsPath`; without one it is `runc-ID.scope`, as callers expect it from runc.

    Raises:
        InvalidArgument: it has not three parts.
    """
    parts = cgroups_path.split(":") if cgroups_path else ["", "runc", container_id]
    if len(parts) != 3:
        raise InvalidArgument(
            'linux.cgroupsPath: expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, '
            f'got "{cgroups_path}" instead'
        )
    parent, prefix, name = parts
    return UnitName(name if name.endswith(SLICE) else f"{prefix}-{name}.scope", parent, name)


def expand_slice(name: str) -> str:
    """The path of a slice: `test-a-b.slice` is /test.slice/test-a.slice/test-a-b.slice.

    Raises:
        InvalidArgument: it is not a slice's name.
    """
    stem = name.removesuffix(SLICE)
    if stem == "-" and name.endswith(SLICE):
        return ""
    parts = stem.split("-")
    if not name.endswith(SLICE) or "/" in name or "" in parts:
        raise InvalidArgument(f"linux.cgroupsPath: invalid slice name: {name}")
    return "".join(f"/{'-'.join(parts[: count + 1])}{SLICE}" for count in range(len(parts)))
