"""Whether clients know of a bundle's task: the file `tiffin-told`, from its making to its deletion.

A later manager tells of the death of such a task only. Of one that was just being made nobody has heard, and of one
that was just being deleted everybody has: a second end of it, with what its shim's program makes up, would be wrong.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle

LOG = logging.getLogger("tiffin.manager.shim")
FILE = "tiffin-told"


def note(bundle: Bundle) -> None:
    """They do from now on. Where that cannot be written, the task is there all the same."""
    try:
        os.close(os.open(bundle.file(FILE), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError as error:
        LOG.warning("if task %s dies without us, nobody will be told: %s", bundle.id, error)


def forget(bundle: Bundle) -> None:
    """There is nothing to be told any more."""
    try:
        os.unlink(bundle.file(FILE))
    except FileNotFoundError:
        pass  # of a manager of before
    except OSError as error:
        LOG.warning("if we are killed now, the end of task %s will be told twice: %s", bundle.id, error)


def is_noted(bundle: Bundle) -> bool:
    """Whether they do."""
    return os.path.exists(bundle.file(FILE))
