"""What values of settings must hold beyond their type. Each check returns what is wrong, or ""."""

from __future__ import annotations

import os
from collections.abc import Iterable

from tiffin.manager.config.setting import Check

VERSION = 3  # of our files; as containerd 2.0's
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal", "panic")  # of logs
LONGEST_SOCKET = 107  # bytes of sun_path without its zero: unix(7)
MOST_MESSAGE = 2**31 - 1  # bytes: gRPC counts in an int
MOST_ID = 2**32 - 2  # of users and groups: the last one means none (chown(2))
SCHEME = "unix://"


def between(least: float, most: float) -> Check:
    """A number from `least` to `most`, both included."""

    def check(value: float) -> str:
        return "" if least <= value <= most else f"is {value}, must be from {least} to {most}"

    return check


def at_least(least: int) -> Check:
    """A number of at least that."""

    def check(value: int) -> str:
        return "" if value >= least else f"is {value}, must be at least {least}"

    return check


def one_of(*choices: str) -> Check:
    """One of these texts."""

    def check(value: str) -> str:
        return "" if value in choices else f"is {value!r}, must be one of {', '.join(map(repr, choices))}"

    return check


def absolute(value: str) -> str:
    """A path from the root."""
    return "" if os.path.isabs(value) else f"is {value!r}, must be an absolute path"


def absolute_or_none(value: str) -> str:
    """A path from the root, or nothing."""
    return absolute(value) if value else ""


def socket(value: str) -> str:
    """A path where a unix socket of ours can lie, or nothing."""
    if value.startswith(SCHEME):
        return f"is {value!r}, must be the path alone, without {SCHEME}"
    size = len(os.fsencode(value))
    if size > LONGEST_SOCKET:
        return f"has {size} bytes, and the path of a unix socket can have at most {LONGEST_SOCKET}"
    return absolute_or_none(value)


def socket_of_another(value: str) -> str:
    """Where another daemon listens, or nothing; containerd's own files have `unix://` there, or not."""
    return socket(value.removeprefix(SCHEME))


def platform(value: str) -> str:
    """`os/architecture`, and a variant behind it where there is one; or nothing."""
    parts = value.split("/")
    if not value or (len(parts) in (2, 3) and all(parts)):
        return ""
    return f'is {value!r}, must be a platform, for example "linux/amd64"'


def host_and_port(value: str) -> str:
    """`host:port`, or nothing."""
    host, colon, port = value.rpartition(":")
    if not value or (colon and host and port.isascii() and port.isdecimal() and int(port) < 2**16):
        return ""
    return f'is {value!r}, must be an address and a port, for example "127.0.0.1:1338"'


def plugin_names(value: Iterable[str]) -> str:
    """Full names of plugins: the type and the id."""
    for name in value:
        if "." not in name:
            return f'has {name!r}: a plugin is named in full, for example "io.containerd.gc.v1.scheduler"'
    return ""


def version(value: int) -> str:
    """That of our files."""
    if value == VERSION:
        return ""
    return f"is {value}, must be {VERSION}: `tiffind config migrate` rewrites files of containerd"
