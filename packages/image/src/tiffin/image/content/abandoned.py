"""Ingests that nobody will go on with: never begun, become a blob, or left alone for a day without a lease.

containerd drops an ingest without a lease a day after it was begun; here what was written since then counts too.
"""

from __future__ import annotations

import os
from contextlib import suppress

from tiffin.image.content.ingest import REMOVED, Ingest, remove_rest
from tiffin.image.content.layout import SECOND, ingest_folders, read_text, read_time
from tiffin.image.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.metadata.database import Database

KEPT = 24 * 3600 * SECOND


def remove_abandoned(root: str, database: Database) -> None:
    """Removes them; one that a process has locked, or a lease protects, stays. Raises OSError."""
    with database.reading() as connection:
        query = "SELECT namespace, id FROM lease_resources WHERE kind = 'ingests'"
        protected = {f"{namespace}/{reference}" for namespace, reference in connection.execute(query)}
    before = database.now() - KEPT
    for folder in ingest_folders(root):
        if folder.endswith(REMOVED):
            remove_rest(folder)
        elif _is_abandoned(folder, protected, before):
            with suppress(Unavailable):  # somebody goes on with it
                _discard(folder, protected, before)


def _discard(folder: str, protected: set[str], before: int) -> None:
    ingest = Ingest.lock(folder)
    if _is_abandoned(folder, protected, before):  # nobody has gone on with it meanwhile
        ingest.discard()
    else:
        ingest.close()


def _is_abandoned(folder: str, protected: set[str], before: int) -> bool:
    """Whether it may go. before: nanoseconds since 1970; what was written to later is kept."""
    name = read_text(folder, "ref")
    try:
        written = os.stat(os.path.join(folder, "data")).st_mtime_ns
    except FileNotFoundError:
        return True
    if not name:
        return True
    return name not in protected and max(written, read_time(folder, "updatedat")) <= before
