"""The folder of a manager's container on this machine: its log, FIFOs and network files.

Its path stands in a label of the container, and labels come from anybody: from a client of the manager, or with an
image, whose labels `ctr run` takes over. So nothing is removed but what `made_folder` makes for that container.

<store>/managed/<namespace>/<name>/<random>    two managers may have containers of the same name
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress

from tiffin.image.store.store import Store

MODE = 0o711


def made_folder(namespace: str, name: str) -> str:
    """A new one, for one container; its path."""
    above = _above(namespace, name)
    os.makedirs(above, mode=MODE, exist_ok=True)
    path = tempfile.mkdtemp(dir=above)
    os.chmod(path, MODE)
    return path


def remove_folder(path: str, namespace: str, name: str) -> None:
    """Removes it; what it would not have made for this container stays, whoever says that it is its folder."""
    above, _, last = path.rpartition("/")
    if above != _above(namespace, name) or last in ("", ".", ".."):
        return
    shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):  # another manager has one of this name
        os.rmdir(above)


def _above(namespace: str, name: str) -> str:
    return os.path.join(Store().root, "managed", namespace, name)
