"""Programs of other people that Tiffin works with, is compared to, or is tested by."""

from __future__ import annotations

import os
import shutil

from .finding import Finding

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # where an ordinary user's $PATH does not lead


def find_program(name: str) -> str | None:
    """Its path, in $PATH or in the system's own folders."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS)))


def program(name: str) -> Finding:
    """Whether the program is installed."""
    path = find_program(name)
    return Finding(path is not None, path or "not installed")
