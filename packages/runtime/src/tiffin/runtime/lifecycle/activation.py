"""Sockets that systemd handed to us (sd_listen_fds(3)) are handed on to the container."""

from __future__ import annotations

import posix

from ..errors import InvalidArgument

FIRST = 3


def listening_descriptors() -> int:
    """How many descriptors from 3 on are sockets for the container."""
    environment = posix.environ
    if environment.get(b"LISTEN_PID", b"") != str(posix.getpid()).encode():
        return 0
    count = environment.get(b"LISTEN_FDS", b"0")  # type: ignore[call-overload]  # bytes to bytes, on POSIX
    return int(count) if count.isdigit() else 0


def check_preserved(count: int) -> None:
    """Makes sure that the descriptors that shall be passed on are there.

    Raises:
        InvalidArgument: one of them is not open.
    """
    for descriptor in range(FIRST, FIRST + count):
        try:
            posix.fstat(descriptor)
        except OSError as error:
            raise InvalidArgument(
                f"unable to stat preserved-fd {descriptor - FIRST} (of {count}): {posix.strerror(error.errno or 0)}"
            ) from error
