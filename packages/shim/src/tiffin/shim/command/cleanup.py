"""What `delete` does where something is left: the container is taken back as by a new shim, killed, and deleted.

So what its monitor has recorded counts: one that ended by itself while there was no shim is told with its own exit
status.

containerd gives all of it five seconds (io.containerd.timeout.shim.cleanup), and kills it then. So nothing is waited
for long: a container half removed, whose bundle containerd removes next, would be left for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .delete import Remains
from .serve import without_ssl

if TYPE_CHECKING:
    from ..events.values import Event
    from .flags import Invocation

SOON = 0.5  # seconds


def clean_up(invocation: Invocation, bundle: str) -> Remains | None:
    """Removes a container; None if there was none. Raises RuntimeFailure."""
    without_ssl()
    import asyncio

    return asyncio.run(taken_away(invocation, bundle))


async def taken_away(invocation: Invocation, bundle: str) -> Remains | None:
    """As `clean_up`, in an event loop."""
    from ..runtimes.limits import TimeLimits
    from ..tasks.tasks import Tasks
    from ..tasks.values import Patience
    from .runtimes import Runtimes

    patience = Patience(drain=SOON, last_execs=SOON, kill=1.0, half_made=SOON, monitor=SOON)
    with Runtimes(invocation.namespace, TimeLimits().replace(settle=SOON)) as runtimes:
        tasks = Tasks(_ignore, runtimes, namespace=invocation.namespace, patience=patience)
        try:
            found = await tasks.clean_up(bundle)
        finally:
            await tasks.close()
    return None if found is None else Remains(found.pid, found.exit_status, found.exited_at)


def _ignore(event: Event) -> None:
    """containerd publishes the exit and the deletion of a lost task itself."""
