"""Kills a keeper of tasks at each of its steps: before and after everything that it does outside of itself.

`run_and_kill(work, step)` forks; the child counts its steps, and kills itself with -9 at the one that was told. A step
is a write to its files, a mount, a request to the monitor, a command of a runtime (also right after it was started,
while it works), and an event (before it is handed over, and right after).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tiffin.shim.events.values import Event
from tiffin.shim.monitor.client import Monitor
from tiffin.shim.monitor.connection import Connection
from tiffin.shim.runtimes import commands, through_monitor
from tiffin.shim.runtimes.command_line import CommandLine
from tiffin.shim.tasks import creating, deleting, records, removing

REQUESTS = ("quit", "forget", "signal")
VERBS = ("create", "execute", "start", "delete", "pause", "resume")


class Steps:
    """Counts, and kills."""

    def __init__(self, fatal: int) -> None:
        self.left = fatal

    def step(self, name: str) -> None:
        if not self.left:
            print(f"killed {name}")  # pytest shows it with a failure
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    def around(self, owner: Any, name: str) -> None:
        """Makes a function have a step before and after it."""
        real = getattr(owner, name)
        where = getattr(owner, "__name__", str(owner)).rpartition(".")[2]

        def plain(*arguments: Any, **named: Any) -> Any:
            self.step(f"before {where}.{name}")
            result = real(*arguments, **named)
            self.step(f"after {where}.{name}")
            return result

        async def awaited(*arguments: Any, **named: Any) -> Any:
            self.step(f"before {where}.{name}")
            result = await real(*arguments, **named)
            self.step(f"after {where}.{name}")
            return result

        setattr(owner, name, awaited if asyncio.iscoroutinefunction(real) else plain)

    def install(self) -> None:
        """In the child: nothing of this is taken back."""
        self.around(records, "write_file")
        self.around(removing, "remove_file")
        self.around(creating, "mount_all")
        self.around(deleting, "unmount_all")
        self.around(commands._Child, "__init__")
        self.around(through_monitor, "_write")
        self.around(Connection, "_send")
        for name in REQUESTS:
            self.around(Monitor, name)
        for name in VERBS:
            self.around(CommandLine, name)
        start = Monitor.start.__func__  # type: ignore[attr-defined]

        async def started(cls: type[Monitor], *arguments: Any, **named: Any) -> Monitor:
            self.step("before Monitor.start")
            monitor: Monitor = await start(cls, *arguments, **named)
            self.step("after Monitor.start")
            return monitor

        Monitor.start = classmethod(started)  # type: ignore[assignment, method-assign]


Work = Callable[[Callable[[Event], None]], Coroutine[Any, Any, None]]


def run_and_kill(work: Work, folder: Path, fatal: int) -> tuple[list[str], bool]:
    """Runs it in a child which is killed at a step.

    Args:
        work: gets what it shall give events to.
        fatal: the number of the step, from 0.

    Returns:
        The events that it told, and whether it came to its end.
    """
    told = folder / f"told-{fatal}"
    told.touch()
    child = os.fork()
    if child == 0:
        try:
            _child(work, told, fatal)
        except BaseException:  # noqa: BLE001  # the child must not go on as a second session of tests
            traceback.print_exc()  # pytest shows it with the failure
            sys.stderr.flush()
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), f"step {fatal}: the keeper failed"
    return told.read_text().splitlines(), status == 0


def _child(work: Work, told: Path, fatal: int) -> None:
    steps = Steps(fatal)
    steps.install()
    events = os.open(told, os.O_WRONLY | os.O_APPEND)

    def emit(event: Event) -> None:
        steps.step(f"before {event.topic}")
        os.write(events, f"{said(event)}\n".encode())
        steps.step(f"after {event.topic}")

    asyncio.run(work(emit))
    os._exit(0)


def said(event: Event) -> str:
    """The last part of its topic, and the process that has ended."""
    return f"{event.topic.rpartition('/')[2]} {getattr(event, 'id', '')}".strip()
