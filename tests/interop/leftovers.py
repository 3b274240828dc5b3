"""What a caller and its runtime have left behind once the caller is done."""

from __future__ import annotations

import contextlib
import os
import re
import select
import time
from typing import TYPE_CHECKING

from tiffin_testing.leaks import children, leaks_since, reap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tiffin_testing.cgroups import CgroupParent
    from tiffin_testing.leaks import Snapshot

SECONDS = 60.0


def wait_for_orphans(before: Snapshot) -> None:
    """Returns when what was started since, and has become our child, has ended; or after 60 seconds.

    A caller answers before its conmon, or its shim, has ended; and what these have started becomes our child then.
    """
    end = time.monotonic() + SECONDS
    while (left := reap(children() - before.children)) and time.monotonic() < end:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(left[0])
            try:
                select.select([descriptor], [], [], max(end - time.monotonic(), 0))
            finally:
                os.close(descriptor)


def states(folders: Iterable[Path], ours: Path) -> frozenset[Path]:
    """The directories of containers in state directories of runtimes, of those whose bundle is in a folder of ours.

    Others may use the usual state directories at the same time.
    """
    containers = (path for folder in folders for path in folder.glob("*") if path.is_dir())
    return frozenset(path for path in containers if _names(path, os.fsencode(ours)))


def _names(container: Path, words: bytes) -> bool:
    """Whether one of its regular files does. One that goes away meanwhile does not."""
    for file in container.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if file.is_file() and words in file.read_bytes():
                return True
    return False


def leftovers(before: Snapshot, parent: CgroupParent, kept: str) -> list[str]:
    """One line for each process, mount and cgroup that is there now and was not before.

    Args:
        kept: a regular expression for what does not count, since the caller itself made it and keeps it.
    """
    return [line for line in leaks_since(before, parent, []) if not re.search(kept, line)]
