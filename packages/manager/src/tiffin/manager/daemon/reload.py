"""`Reload`: SIGHUP. The settings are read again; what can change while the daemon runs does, the rest is told."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tiffin.manager.config.changes import changes
from tiffin.manager.config.problem import InvalidConfig, dotted
from tiffin.manager.config.settings import Config
from tiffin.manager.daemon.notify import READY, notify, reloading
from tiffin.manager.observability import logs
from tiffin.runtime.errors import InvalidArgument

LOG = logging.getLogger("tiffin.manager.daemon")
Listener = Callable[[Config], None]


class Reload:
    """Keeps the present settings, and tells who wants to know of new ones.

    Args:
        config: those of the start.
        load: reads them again. Raises InvalidConfig.
    """

    def __init__(self, config: Config, load: Callable[[], Config]) -> None:
        self.config = config
        self._load = load
        self._listeners: list[Listener] = [_set_up_logs]

    def listen(self, listener: Listener) -> None:
        """Calls it with the settings at each reload. It may raise InvalidArgument: what it has stays as it was."""
        self._listeners.append(listener)

    def __call__(self) -> None:
        """Does it. Settings that cannot be used change nothing: the daemon goes on with those that it has."""
        notify(reloading())
        try:
            self._take(self._load())
        except InvalidConfig as error:
            LOG.error("the settings are not taken", extra={"fields": {"error": error}})  # noqa: TRY400  # no traceback
        finally:
            notify(READY)

    def _take(self, config: Config) -> None:
        found = list(changes(self.config, config))
        for change in found:
            fields = {"setting": dotted(change.path), "from": change.before, "to": change.after}
            if change.reload:
                LOG.info("setting changed", extra={"fields": fields})
            else:
                LOG.warning("setting counts from the next start", extra={"fields": fields})
        self.config = config
        for listener in self._listeners:
            try:
                listener(config)
            except InvalidArgument as error:
                LOG.error("not reloaded", extra={"fields": {"error": error}})  # noqa: TRY400  # no traceback
        LOG.info("reloaded", extra={"fields": {"changes": len(found)}})


def _set_up_logs(config: Config) -> None:
    logs.set_up(config.debug.level, config.debug.format)
