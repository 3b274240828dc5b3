"""`in_thread`: kernel work that may block, in a thread of its own: one that hangs takes no place in a pool."""

from __future__ import annotations

import asyncio
import contextlib
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


async def in_thread(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Runs it and returns what it returns; raises what it raises.

    A call that is cancelled still waits for the end of the work, so that what it has done can be undone.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work(*arguments, **named)
        except BaseException as error:  # noqa: BLE001  # raised again, in the event loop
            _tell(loop, done.set_exception, error)
        else:
            _tell(loop, done.set_result, result)

    threading.Thread(target=run, name=getattr(work, "__name__", "work"), daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        await asyncio.wait([done])
        done.exception()  # looked at: it is the cancellation that is told
        raise


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[T], None], value: T) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(what, value)
