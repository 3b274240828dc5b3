"""run: create and start in one go, in the foreground or detached."""

from __future__ import annotations

import posix

from ..state.directory import StateDirectory
from .config_facts import shares_pids
from .create import CreateOptions, Creation
from .undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

    from .settings import Settings
    from .terminal import ForegroundTerminal


def run_detached(
    settings: Settings, identifier: str, options: CreateOptions, *, config: ConfigTree | None = None
) -> None:
    """Makes a container and starts its process; returns when that runs. Raises as `create` does."""
    creation = Creation(settings, identifier, options, waits=False)
    creation.load(config)
    creation.check_terminal(detached=True)
    with Undo("run") as undo:
        make_and_start(creation, undo)
        if creation.notify is not None:
            creation.notify.forward(creation.state.pid)
        undo.forget()


def run(
    settings: Settings, identifier: str, options: CreateOptions, *, keep: bool = False, subreaper: bool = True
) -> int:
    """Runs a container in the foreground, and deletes it when its process has ended.

    Args:
        keep: do not delete it.
        subreaper: also reap what the container leaves behind, if it has no pid namespace.

    Returns:
        The exit code of the process, 128 and the signal's number if it was killed. Raises as `create` does.
    """
    creation = Creation(settings, identifier, options, waits=False)
    creation.load()
    return run_in_foreground(creation, keep=keep, subreaper=subreaper)


def run_in_foreground(creation: Creation, *, keep: bool, subreaper: bool) -> int:
    """Makes a container whose config is loaded, waits until its init has ended, and deletes it, as `run` does."""
    creation.check_terminal(detached=False)
    if subreaper and shares_pids(creation.config):
        from .subreaper import become_subreaper

        become_subreaper()
    if creation.terminal:
        code = _run_with_terminal(creation)
    else:
        code = _run_plainly(creation)
    if not keep:
        _destroy(creation.settings, creation.directory.identifier)
    return code


def _run_plainly(creation: Creation) -> int:
    from .foreground import ForwardedSignals

    signals = ForwardedSignals()
    try:
        with Undo("run") as undo:
            make_and_start(creation, undo)
            if creation.notify is not None:
                creation.notify.forward(creation.state.pid, main_pid=posix.getpid())
            code = signals.wait(creation.state.pid)
            undo.forget()
        return code
    finally:
        signals.restore()


def _run_with_terminal(creation: Creation) -> int:
    from .held_signals import hold_signals, let_signals_come
    from .terminal import ForegroundTerminal

    terminal: ForegroundTerminal = ForegroundTerminal()
    held = hold_signals()
    try:
        creation.options = creation.options.replace(console_descriptor=terminal.descriptor)
        creation.config = {**creation.config, "process": terminal.sized(creation.config["process"])}
        with Undo("run") as undo:
            make_and_start(creation, undo)
            terminal.attach()
            code = terminal.relay(creation.state.pid, held)
            undo.forget()
        return code
    finally:
        terminal.close()
        let_signals_come(held)


def make_and_start(creation: Creation, undo: Undo) -> None:
    """Makes a container whose process goes on at once, and runs its poststart hooks."""
    creation.make(undo)
    if creation.state.hooks:
        from .loaded import LoadedContainer
        from .start import run_poststart

        run_poststart(LoadedContainer(creation.settings.root, creation.directory.identifier))


def _destroy(settings: Settings, identifier: str) -> None:
    """Unless somebody else has deleted it meanwhile."""
    from ..errors import NotFound
    from .delete import delete

    try:
        delete(settings, identifier)
    except NotFound:
        if StateDirectory(settings.root, identifier).exists():
            raise
