"""Where a process is at this moment: stacks of its threads and of its asyncio tasks, as text."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

MOST_TASKS = 2000
DEEPEST = 100
# what a coroutine, an async generator and a generator call their frame, and what they wait for
NAMES = (("cr_frame", "cr_await"), ("ag_frame", "ag_await"), ("gi_frame", "gi_yieldfrom"))


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
    """Every task of a loop, with what it waits for, the innermost last. May be called in another thread."""
    found = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    parts = [f"{len(found)} tasks"]
    for task in found[:MOST_TASKS]:
        lines = "\n".join(f"  {line}" for line in _awaited(task.get_coro()))
        parts.append(f"task {task.get_name()}:\n{lines}")
    return "\n\n".join(parts) + "\n"


def _awaited(waiting: Any) -> Iterator[str]:
    """What a coroutine waits for, and what that waits for. Those of Cython have no lines, and end it."""
    for _ in range(DEEPEST):
        names = next((each for each in NAMES if hasattr(waiting, each[0])), None)
        if names is None:
            break
        frame = getattr(waiting, names[0])
        name = getattr(waiting, "__qualname__", "?")
        yield f"{frame.f_code.co_filename}:{frame.f_lineno} in {name}" if frame is not None else f"in {name}"
        waiting = getattr(waiting, names[1])
    if waiting is not None:
        yield f"on {waiting!r}"[:200]
