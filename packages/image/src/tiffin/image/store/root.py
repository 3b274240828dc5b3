"""Where a store is: for root, for others, and what `TIFFIN_ROOT` says."""

from __future__ import annotations

import os

VARIABLE = "TIFFIN_ROOT"


def default_root() -> str:
    """$TIFFIN_ROOT; else /var/lib/tiffin for root, $XDG_DATA_HOME/tiffin (or ~/.local/share/tiffin) for others."""
    asked = os.environ.get(VARIABLE)
    if asked:
        return os.path.abspath(asked)
    if os.geteuid() == 0 and is_real_root():
        return "/var/lib/tiffin"
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(data, "tiffin")


def is_real_root() -> bool:
    """Root in a user namespace may not write where root may (user_namespaces(7))."""
    with open("/proc/self/uid_map") as file:
        return file.read().split() == ["0", "0", "4294967295"]
