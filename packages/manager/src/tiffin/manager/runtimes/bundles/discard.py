"""`discard`: removes the bundle of a task that is gone, whatever comes of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.bundles.remove import remove_bundle
from tiffin.runtime.errors import RuntimeFailure
from tiffin.shim.tasks.threads import in_thread

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle

LOG = logging.getLogger("tiffin.manager.tasks")


async def discard(bundle: Bundle) -> None:
    """Removes it. One that cannot be removed is told in the log, and tried again when the manager starts."""
    try:
        await in_thread(remove_bundle, bundle)
    except (OSError, RuntimeFailure) as error:
        LOG.warning("the bundle of %s cannot be removed: %s", bundle.id, error)
