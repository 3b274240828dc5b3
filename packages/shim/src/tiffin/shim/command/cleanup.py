"""What `delete` does where something is left: the container is taken back as by a new shim, killed, and deleted.

So what its monitor has recorded counts: one that ended by itself while there was no shim is told with its own exit
status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .delete import Remains
from .serve import without_ssl

if TYPE_CHECKING:
    from ..events.values import Event
    from .flags import Invocation


def clean_up(invocation: Invocation, bundle: str) -> Remains | None:
    """Removes a container; None if there was none. Raises RuntimeFailure."""
    without_ssl()
    import asyncio

    return asyncio.run(_clean_up(invocation, bundle))


async def _clean_up(invocation: Invocation, bundle: str) -> Remains | None:
    from ..tasks.tasks import Tasks
    from .runtimes import Runtimes

    with Runtimes(invocation.namespace) as runtimes:
        tasks = Tasks(_ignore, runtimes, namespace=invocation.namespace)
        try:
            found = await tasks.clean_up(bundle)
        finally:
            await tasks.close()
    return None if found is None else Remains(found.pid, found.exit_status, found.exited_at)


def _ignore(event: Event) -> None:
    """containerd publishes the exit and the deletion of a lost task itself."""
