"""Where a process is at this moment: stacks of its threads and of its asyncio tasks, as text."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import traceback

MOST_TASKS = 2000


def threads() -> str:
    """The stack of every thread; works when the event loop is stuck, too."""
    names = {each.ident: each.name for each in threading.enumerate()}
    frames = sys._current_frames()  # noqa: SLF001  # the documented way to it
    parts = []
    for ident, frame in frames.items():
        lines = "".join(traceback.format_stack(frame))
        parts.append(f"thread {ident} {names.get(ident, 'not of Python')}:\n{lines}")
    return "\n".join(parts)


def tasks(loop: asyncio.AbstractEventLoop) -> str:
    """Every task of a loop, with what it waits for. May be called in another thread."""
    found = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    parts = [f"{len(found)} tasks\n"]
    for task in found[:MOST_TASKS]:
        text = io.StringIO()
        task.print_stack(file=text)
        parts.append(f"{task.get_name()}: {text.getvalue()}")
    return "\n".join(parts)
