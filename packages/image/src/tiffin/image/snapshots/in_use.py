"""Which folders of snapshots are mounted somewhere: what takes the place of one must not take it from a container."""

from __future__ import annotations

import os
import re
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def mount_tables() -> set[str]:
    """The mounts of all processes that can be seen here (proc_pid_mountinfo(5)); equal ones once."""
    found = set()
    for name in os.listdir("/proc"):
        if name.isdecimal():
            path = f"/proc/{name}/mountinfo"
            with suppress(OSError), open(path, errors="surrogateescape") as file:  # it may end meanwhile
                found.add(file.read())
    return found


def is_mounted(folders: str, number: str, aside: str, tables: Iterable[str]) -> bool:
    """Whether a snapshot's old folder may be in a mount.

    Overlays show the name that it had when they were mounted (absolute, or relative to the folder of all snapshots),
    bind mounts the one that it has now. Overlays of the new folder look the same: they keep the old one too.

    Args:
        folders: the folder of all snapshots. number: the snapshot's id. aside: what its old folder is called now.
        tables: see `mount_tables`.
    """
    lower = re.compile(rf"[=:]((?:\\134.|\\\d{{3}}|[^\\:,\s])*/)?{number}/fs(?=[:,\s])")
    return any(
        aside in table or any(_is_same(match[1], folders) for match in lower.finditer(table))
        for table in tables
    )


def _is_same(shown: str | None, folders: str) -> bool:
    """Whether what stands before the id in an overlay's options is the folder of all snapshots."""
    if shown is None:
        return True  # relative: it may be
    path = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), shown)  # the kernel's escapes
    try:
        return os.path.samefile(re.sub(r"\\(.)", r"\1", path), folders)  # and overlayfs's
    except OSError:
        return False
