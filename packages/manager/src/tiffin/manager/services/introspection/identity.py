"""The uuid of a daemon's root folder: made once, kept as long as the folder is."""

from __future__ import annotations

import os
import uuid

from tiffin.image.durable import locked_folder, write_file


def uuid_of(root: str) -> str:
    """It, made if there is none, or none that can be read. Raises OSError."""
    path = os.path.join(root, "uuid")
    found = _read(path)
    if found:
        return found
    with locked_folder(root):
        found = _read(path)
        if not found:
            found = str(uuid.uuid4())
            write_file(path, found.encode())
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return str(uuid.UUID(file.read().strip()))
    except (FileNotFoundError, ValueError):
        return ""
