"""Sockets that systemd handed to us (sd_listen_fds(3)) are handed on to the container."""

from __future__ import annotations

import posix

from ..errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.spec.runtime.tree import ConfigTree

    from .create_options import CreateOptions

FIRST = 3


def with_sockets(config: ConfigTree, options: CreateOptions, directory: str) -> ConfigTree:
    """The config as this one process gets it; the one that is kept, for exec, does not have systemd's sockets.

    Args:
        directory: of the container's state.

    Raises:
        InvalidArgument: a descriptor that shall be passed on is not open.
    """
    check_preserved(options.activated + options.preserve_fds)
    if options.activated:
        config = with_activation(config, options.activated)
    if options.notify_socket:
        from .notify import add_notify_mount

        config = add_notify_mount(config, directory)
    return config


def with_activation(config: ConfigTree, count: int) -> ConfigTree:
    """The config whose process is told, as sd_listen_fds(3) has it, of `count` sockets; it is pid 1 to itself."""
    changed: Any = dict(config)
    process = dict(changed.get("process", {}))
    process["env"] = [*process.get("env", ()), f"LISTEN_FDS={count}", "LISTEN_PID=1"]
    changed["process"] = process
    return changed  # type: ignore[no-any-return]


def listening_descriptors() -> int:
    """How many descriptors from 3 on are sockets for the container."""
    environment = posix.environ
    if environment.get(b"LISTEN_PID", b"") != str(posix.getpid()).encode():
        return 0
    count = environment.get(b"LISTEN_FDS", b"0")
    return int(count) if count.isdigit() else 0


def host_notify_socket() -> str:
    """Where systemd waits to be told that we are ready (sd_notify(3)); "" for nowhere."""
    return posix.environ.get(b"NOTIFY_SOCKET", b"").decode("utf-8", "surrogateescape")


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
