"""A port for a server that must be told one: the kernel gives it to nobody who asks for any."""

from __future__ import annotations

import errno
import random
import socket
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 10_000


def quiet_port() -> int:
    """One of loopback that nobody listens on, below those that connections and listeners with port 0 get.

    Raises:
        OSError: there is none.
    """
    highest = int(RANGE.read_text().split()[0])
    for port in random.sample(range(LOWEST, highest), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise OSError(errno.EADDRINUSE, f"no port of {LOWEST} to {highest} is free")
