"""Who this process is, and which ranges of ids it may hand out."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

from .finding import Finding

CAPABILITIES = {"net_admin": 12, "sys_admin": 21, "sys_resource": 24}  # <linux/capability.h>
RANGE_NEEDED = 65536


def root() -> Finding:
    uid = os.geteuid()
    return Finding(uid == 0, f"uid {uid}")


def capability(name: str) -> Finding:
    """A capability in the effective set of this process."""
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:\t")[2].partition("\n")[0], 16)
    held = bool(effective >> CAPABILITIES[name] & 1)
    return Finding(held, "held" if held else "not in the effective set")


def newuidmap() -> Finding:
    """The two programs that may write more than one line of an id map; they need a set-uid bit or a capability."""
    for name in ("newuidmap", "newgidmap"):
        path = shutil.which(name)
        if path is None:
            return Finding(False, f"{name} is not in $PATH")
        powered = os.stat(path).st_mode & stat.S_ISUID or "security.capability" in os.listxattr(path)
        if not powered:
            return Finding(False, f"{path} has neither a set-uid bit nor a file capability")
    return Finding(True, f"{shutil.which('newuidmap')}")


def subordinate_ids() -> Finding:
    """Ranges for this user in /etc/subuid and /etc/subgid, subuid(5)."""
    uid = os.geteuid()
    try:
        names = {str(uid), pwd.getpwuid(uid).pw_name}
    except KeyError:
        names = {str(uid)}
    for file in ("/etc/subuid", "/etc/subgid"):
        count = _count(Path(file), names)
        if count < RANGE_NEEDED:
            return Finding(False, f"{count} ids for this user in {file}, {RANGE_NEEDED} are usual")
    return Finding(True, "in /etc/subuid and /etc/subgid")


def _count(file: Path, names: set[str]) -> int:
    if not file.exists():
        return 0
    rows = (line.strip().split(":") for line in file.read_text().splitlines())
    return sum(int(row[2]) for row in rows if len(row) == 3 and row[0] in names and row[2].isdigit())
