"""`SpareNetwork`: an empty network namespace that is there before a container wants one.

To make one takes the kernel half a millisecond, an eighth of a whole `Runtime.run`, and longer while it still removes
that of another container. Nothing of a config, nor of the program at that moment, matters for it: so a thread makes the
next one while nobody waits, in a program that leaves time between its containers.
"""

from __future__ import annotations

import math
import os
import struct
import time
from collections import deque
from threading import Lock, Thread

from ..launch.core_process import above_stdio

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
IFREQ = struct.Struct("16sh14x")  # struct ifreq with its flags (netdevice(7))
PAUSE = 0.002
"""Seconds between two containers that make it worth while: without a pause its maker would be in the next one's way."""


class SpareNetwork:
    """At most one network namespace ahead. May be used by several threads, and after a fork.

    Nobody waits for its lock, which a fork may find locked for ever.
    """

    def __init__(self) -> None:
        self._ready: deque[tuple[int, int]] = deque()  # (process that made it, descriptor)
        self._ended = math.inf  # when the last container had, in seconds
        self._pause = 0.0  # before the present one
        self._maker: Thread | None = None
        self._starting = Lock()
        self._usable = True

    def take(self) -> int:
        """A descriptor of one with its loopback device up, which the caller closes; -1: there is none now."""
        self._pause = time.monotonic() - self._ended
        try:
            maker, descriptor = self._ready.pop()
        except IndexError:
            return -1
        if maker == os.getpid():
            return descriptor
        os.close(descriptor)  # of the process that forked us, and for one container only
        return -1

    def replenish(self) -> None:
        """A container has ended, or is made: has the next one made, if there is time for it. Returns at once."""
        self._ended = time.monotonic()
        if self._ready or not self._usable or self._pause < PAUSE:
            return
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._maker is None or not self._maker.is_alive():
                maker = Thread(target=self._make, name="tiffin-spare-network", daemon=True)
                maker.start()
                self._maker = maker
        except RuntimeError:  # no room for a thread, or the program ends: containers go on making their own
            self._usable = False
        finally:
            self._starting.release()

    def settle(self) -> None:
        """Waits until none is in the making."""
        if self._maker is not None:
            self._maker.join()

    def close(self) -> None:
        """Gives up the spare one; there will be no other."""
        self._usable = False
        self.settle()
        while self._ready:
            os.close(self._ready.pop()[1])

    def _make(self) -> None:
        """In a thread of its own, which ends in the new namespace; the others stay where they are."""
        try:
            self._ready.append((os.getpid(), _new_network()))
        except OSError:  # not allowed, or too many: the container that makes its own one tells the reason
            self._usable = False


def _new_network() -> int:
    """Moves this thread to a new network namespace; a descriptor of that."""
    import ctypes
    import fcntl
    import socket

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, IFREQ.pack(b"lo", IFF_UP))
    return above_stdio(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
