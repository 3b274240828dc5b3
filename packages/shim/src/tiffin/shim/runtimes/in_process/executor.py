"""`Executor`: what all containers of one process share; make one, in the event loop, and close it at the end."""

from __future__ import annotations

import logging
import os

from tiffin.runtime.api.known_configs import KnownConfigs
from tiffin.runtime.cgroup.layout import detect_layout, with_roots
from tiffin.runtime.launch.core import sealed_core
from tiffin.runtime.lifecycle.settings import Settings, tolerates_no_cgroups

from .threads import Threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from ..options import RuntimeOptions

LOG = logging.getLogger("tiffin.shim.runtimes")


class Executor:
    """Our executor in this process.

    Args:
        root: directory of the state of containers whose options name none, e.g. `<state>/runtime`.

    Raises:
        Unsupported: the native core is not installed.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.known = KnownConfigs()
        self.threads = Threads()
        rootless = "true" if tolerates_no_cgroups(Settings("", LOG)) else "false"
        layout = with_roots(detect_layout())
        self._settings = Settings("", LOG, rootless=rootless, core=sealed_core(), layout=layout)

    def settings(self, options: RuntimeOptions, namespace: str) -> Settings:
        """What holds for the containers of a namespace, as a client wants them."""
        root = os.path.join(options.root or self.root, namespace)
        return self._settings.replace(root=root, systemd_cgroup=options.systemd_cgroup)

    def close(self) -> None:
        """Lets go of the core; containers go on."""
        self.threads.close()
        if self._settings.core >= 0:
            os.close(self._settings.core)
            self._settings = self._settings.replace(core=-1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
