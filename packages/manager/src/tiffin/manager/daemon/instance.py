"""One daemon for each root and each state folder: flock(2) on a file in both, which ends with the process."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

from tiffin.image.durable import make_folder
from tiffin.image.store.lock import Lock, acquire
from tiffin.runtime.errors import Unavailable

NAME = "tiffind.lock"
PATIENCE = 1.0  # seconds: a killed one has it until it is gone, and what it starts until that is executed


def claim(*folders: str) -> ExitStack:
    """Makes the folders, and takes them for this process until what is returned is closed.

    Raises:
        Unavailable: another daemon has one of them; the text names it.
        OSError: as the disk says.
    """
    with ExitStack() as stack:
        for folder in folders:
            make_folder(folder)
            stack.callback(_lock(os.path.join(folder, NAME), folder).release)
        return stack.pop_all()


def _lock(path: str, folder: str) -> Lock:
    lock = acquire(path, wait=False)
    end = time.monotonic() + PATIENCE
    while lock is None and time.monotonic() < end:
        time.sleep(0.02)  # flock(2) cannot be told how long to wait
        lock = acquire(path, wait=False)
    if lock is None:
        raise Unavailable(f"another tiffind{_holder(path)} uses {folder!r}: stop it, or use another folder")
    os.truncate(lock.descriptor, 0)
    os.write(lock.descriptor, f"{os.getpid()}\n".encode())
    return lock


def _holder(path: str) -> str:
    try:
        with open(path, "rb") as file:
            pid = file.read(20).strip()
    except OSError:  # it has just ended
        pid = b""
    return f" (pid {pid.decode()})" if pid.isdigit() else ""
