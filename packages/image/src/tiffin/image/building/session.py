"""`BuildSession`: what all stages of one build share."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from tiffin.image.building.events import Numbers
from tiffin.image.building.execute.run.runner import Cancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.image.building.bases import Bases
    from tiffin.image.building.cache.results import Results
    from tiffin.image.building.events import Report
    from tiffin.image.building.execute.cache_folders import CacheFolders
    from tiffin.image.building.execute.copy.downloads import Downloads
    from tiffin.image.building.execute.layer_making import LayerMaker
    from tiffin.image.building.execute.run.runner import Runner
    from tiffin.image.building.layers import Layers
    from tiffin.image.building.options import BuildOptions
    from tiffin.image.building.trees import ContextFolder
    from tiffin.image.store.store import Store

PATIENCE = 0.1  # seconds between looks at what another build has


class BuildSession:
    """Args: store: leased. file: the Dockerfile's name. point: an empty folder, to mount at.

    begun: when, in nanoseconds since 1970.
    """

    def __init__(
        self,
        options: BuildOptions,
        store: Store,
        *,
        cache: Results,
        layers: Layers,
        bases: Bases,
        runner: Runner,
        maker: LayerMaker,
        folders: CacheFolders,
        downloads: Downloads,
        contexts: Mapping[str, ContextFolder],
        file: str,
        point: str,
        report: Report,
        numbers: Numbers,
    ) -> None:
        self.begun = time.time_ns()
        self.options = options
        self.store = store
        self.cache = cache
        self.layers = layers
        self.bases = bases
        self.runner = runner
        self.maker = maker
        self.folders = folders
        self.downloads = downloads
        self.contexts = contexts
        self.file = file
        self.point = point
        self.report = report
        self.numbers = numbers
        self.source_date_epoch = maker.source_date_epoch
        self._given_up = threading.Event()

    def now(self) -> str:
        """The time as an image has it, RFC 3339."""
        epoch = self.source_date_epoch
        return moment(time.time() if epoch is None else epoch)

    def give_up(self) -> None:
        """Ends all stages soon: running commands are killed, nothing more is fetched, and no step begins."""
        self._given_up.set()
        self.downloads.give_up()
        self.cache.give_up()
        self.runner.cancel()

    def pause(self) -> None:
        """Waits a moment for what another build has. Raises Cancelled."""
        self._given_up.wait(PATIENCE)
        self.check()

    def check(self) -> None:
        """Raises Cancelled."""
        if self._given_up.is_set():
            raise Cancelled("the build was given up")


def moment(seconds: float) -> str:
    """A time as an image has it, RFC 3339."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat()
    return text.replace("+00:00", "Z")
