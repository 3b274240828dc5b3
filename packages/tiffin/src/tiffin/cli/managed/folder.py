"""The folder of a manager's container on this machine: its log, FIFOs and network files.

Its path stands in a label of the container, and labels come from anybody: from a client of the manager, or with an
image, whose labels `ctr run` takes over. So nothing is removed, or shown as its log, but what is in such a folder.

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
    if is_folder_of(path, namespace, name):
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):  # another manager has one of this name
            os.rmdir(_above(namespace, name))


def is_folder_of(path: str, namespace: str, name: str) -> bool:
    """Whether it is a folder that was made for this container."""
    above, _, last = path.rpartition("/")
    return above == _above(namespace, name) and last not in ("", ".", "..")


def _above(namespace: str, name: str) -> str:
    return os.path.join(Store().root, "managed", namespace, name)
