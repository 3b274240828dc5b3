"""What tests do to the monitors of a keeper's tasks: find them, kill them, cut the connection to them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket

from packages.shim.tests.tasks.keeping import Keeper


def monitor_of(keeper: Keeper, name: str) -> int:
    container = keeper.tasks._containers[name]
    assert container.monitor is not None
    return container.monitor.pid


def living_monitor_of(bundle: str) -> int:
    """Also of a task that is not there yet."""
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as stream:
            if stream.read().startswith(f"tiffin-monitor\0{bundle}/tiffin\0".encode()):
                return int(name)
    raise AssertionError("there is none")


def kill(pid: int) -> None:
    end = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([end], [], [], 20)[0]
    os.close(end)


def cut(keeper: Keeper, name: str) -> None:
    """Ends the connection to a monitor, which lives on."""
    container = keeper.tasks._containers[name]
    assert container.monitor is not None
    container.monitor._connection._socket.shutdown(socket.SHUT_RDWR)
