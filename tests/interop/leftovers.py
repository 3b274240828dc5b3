"""What a caller and its runtime have left behind once the caller is done."""

from __future__ import annotations

import contextlib
import os
import re
import select
from typing import TYPE_CHECKING

from tiffin_testing.leaks import children, leaks_since

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tiffin_testing.cgroups import CgroupParent
    from tiffin_testing.leaks import Snapshot

SECONDS = 20.0


def wait_for_orphans(before: Snapshot) -> None:
    """Returns when what was started since, and has become our child, has ended; or after 20 seconds.

    A caller answers before its conmon, or its shim, has ended.
    """
    for pid in children() - before.children:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                select.select([descriptor], [], [], SECONDS)
            finally:
                os.close(descriptor)


def states(folders: Iterable[Path]) -> frozenset[Path]:
    """The files in state directories of runtimes."""
    return frozenset(path for folder in folders for path in folder.rglob("*") if not path.is_dir())


def leftovers(before: Snapshot, parent: CgroupParent, kept: str) -> list[str]:
    """One line for each process, mount and cgroup that is there now and was not before.

    Args:
        kept: a regular expression for what does not count, since the caller itself made it and keeps it.
    """
    return [line for line in leaks_since(before, parent, []) if not re.search(kept, line)]
