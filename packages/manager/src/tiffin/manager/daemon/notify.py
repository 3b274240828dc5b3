"""sd_notify(3): tells whoever started the daemon how far it is. Without NOTIFY_SOCKET nobody wants to know."""

from __future__ import annotations

import logging
import os
import socket
import time

LOG = logging.getLogger("tiffin.manager.daemon")
READY = "READY=1"
STOPPING = "STOPPING=1"


def reloading() -> str:
    """What is said before a reload; `READY` follows when it is done."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def notify(state: str) -> None:
    """Sends it. A manager that does not listen is logged: it is no reason to stop."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            channel.sendto(state.encode(), address)
    except OSError as error:
        LOG.warning("who started us cannot be told", extra={"fields": {"state": state, "error": error}})
