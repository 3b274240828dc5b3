"""The uuid of a daemon's root folder: made once, kept as long as the folder is."""

from __future__ import annotations

import os
import re

from tiffin.image.durable import locked_folder, write_file

RANDOM = "/proc/sys/kernel/random/uuid"  # random(4): a new one at each reading
_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def uuid_of(root: str) -> str:
    """It, made if there is none, or none that can be read. Raises OSError."""
    path = os.path.join(root, "uuid")
    found = _read(path)
    if found:
        return found
    with locked_folder(root):
        found = _read(path)
        if not found:
            with open(RANDOM, encoding="ascii") as kernel:
                found = kernel.read().strip()
            write_file(path, found.encode())
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            text = file.read().strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return text if _FORM.fullmatch(text) else ""
