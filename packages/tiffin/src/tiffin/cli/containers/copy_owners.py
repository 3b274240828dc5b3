"""Whose files are that `tiffin cp` makes: ids of this machine, and those that a container's user namespace has."""

from __future__ import annotations

import os

from tiffin.image.layers.owners import IdMaps, IdRange

WHOLE = (IdRange(0, 0, 2**32 - 1),)  # of the first user namespace


def root_of(pid: int) -> tuple[int, int]:
    """Our own ids for pid 0; of a process: what its user namespace has as root."""
    if not pid:
        return os.geteuid(), os.getegid()
    return _first(_rows(pid, "uid_map")), _first(_rows(pid, "gid_map"))


def id_maps(pid: int) -> IdMaps | None:
    """How ids in the container of a process are ids here; None where they are the same."""
    uids, gids = _rows(pid, "uid_map"), _rows(pid, "gid_map")
    return None if uids == gids == WHOLE else IdMaps(uids, gids)


def _rows(pid: int, name: str) -> tuple[IdRange, ...]:
    """Of its user namespace, towards ours."""
    if os.path.samestat(os.stat(f"/proc/{pid}/ns/user"), os.stat("/proc/self/ns/user")):
        return WHOLE  # what the file tells then is towards the one above
    with open(f"/proc/{pid}/{name}") as file:
        return tuple(IdRange(*map(int, line.split())) for line in file)


def _first(rows: tuple[IdRange, ...]) -> int:
    return next((row.host for row in rows if row.container == 0), 0)
