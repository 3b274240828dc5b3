"""`serve`: runs the daemon in the foreground until it is told to stop."""

from __future__ import annotations

import asyncio
import faulthandler
import sys
from collections.abc import Callable

from tiffin.image.errors import ImageFailure
from tiffin.manager import VERSION
from tiffin.manager.config.settings import Config
from tiffin.manager.observability import logs
from tiffin.runtime.errors import RuntimeFailure

FAILED, INTERRUPTED = 1, 130


def serve(load: Callable[[], Config]) -> int:
    """Serves; returns the exit code of the process.

    Args:
        load: reads the settings. Raises InvalidConfig.

    Raises:
        InvalidConfig, Unavailable, FailedPrecondition, OSError...: it could not start, and why.
    """
    config = load()
    logs.set_up(config.debug.level, config.debug.format)
    faulthandler.enable()  # a mistake in a library in C says where it was
    asyncio.run(_run(config, load))
    return 0


def reported(load: Callable[[], Config]) -> int:
    """Serves; what keeps it from it is told on stderr. Returns the exit code of the process."""
    try:
        return serve(load)
    except (RuntimeFailure, ImageFailure, OSError) as error:
        print(f"tiffind: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:  # before the daemon listens to signals
        return INTERRUPTED


async def _run(config: Config, load: Callable[[], Config]) -> None:
    from tiffin.manager.daemon.daemon import LOG, Daemon
    from tiffin.manager.plugins.table import TABLE

    LOG.info(
        "starting tiffind", extra={"fields": {"version": VERSION, "root": config.root, "state": config.state}}
    )
    await Daemon(config, TABLE, load).run()
