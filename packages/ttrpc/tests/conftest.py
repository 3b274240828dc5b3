"""Runs `async def` tests, each in an event loop of its own, which must be left as it was found."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
from typing import Any

import pytest

SECONDS = 110.0


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Fails a test that leaves a task or a descriptor, or whose loop met an exception that nobody handled."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    gc.collect()
    before = descriptors()
    unhandled: list[dict[str, Any]] = []
    asyncio.run(guarded(pyfuncitem.obj(**arguments), unhandled))
    assert not unhandled
    assert descriptors() <= before, "the test left descriptors open"  # those of an earlier one may have gone
    return True


async def guarded(test: Any, unhandled: list[dict[str, Any]]) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    async with asyncio.timeout(SECONDS):
        await test
    await asyncio.sleep(0)  # transports that were closed get to close their sockets
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, "the test left tasks"


def descriptors() -> int:
    """How many this process has, without the one that counts them."""
    return len(os.listdir("/proc/self/fd"))
