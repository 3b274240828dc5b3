"""`Surroundings`: what all containers of one `Tasks` share: where events go, who makes runtimes, how long to wait."""

from __future__ import annotations

from tiffin.runtime.record import Record

from .values import Patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from ..events.values import Event
    from ..runtimes.options import RuntimeOptions
    from ..runtimes.port import OciRuntime

    class Watcher(Protocol):
        """Whoever looks after the cgroups of containers: out-of-memory events, for one. Called in the event loop."""

        def watch(self, container: str, cgroups: Mapping[str, str]) -> None:
            """It was made, or taken back. cgroups: directories by v1 controller, or `unified`."""

        def unwatch(self, container: str) -> None:
            """Its first process has ended; once more is no error."""


class Surroundings(Record):
    """See `Tasks`."""

    emit: Callable[[Event], None]
    runtime_for: Callable[[RuntimeOptions], OciRuntime]
    namespace: str
    watcher: Watcher | None = None
    patience: Patience = Patience()
