"""Names of containers, and the identity of a process: a pid alone may have been used again."""

from __future__ import annotations

import posix

from ..errors import InvalidArgument
from .files import read_file

ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.")
ID_MAXIMUM = 255  # NAME_MAX: the id is the name of a directory
START_TIME_FIELD = 22 - 3  # field 22 of /proc/PID/stat, counted from the field after the name
UNMAPPED = [b"0", b"0", b"4294967295"]  # user_namespaces(7): uid_map of the initial user namespace
BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id"


def validate_id(identifier: str) -> None:
    """Accepts what runc accepts: letters, digits and `_+-.`, but neither `.` nor `..`.

    Raises:
        InvalidArgument: it is empty, or holds something else.
    """
    if not identifier:
        raise InvalidArgument("container id cannot be empty")
    if not ID_CHARACTERS.issuperset(identifier) or identifier in {".", ".."}:
        raise InvalidArgument("invalid container ID format")
    if len(identifier) > ID_MAXIMUM:
        raise InvalidArgument(f"invalid container ID format: longer than {ID_MAXIMUM} characters")


def process_stat(pid: int) -> tuple[str, int] | None:
    """The state letter and the start time (clock ticks after boot) of a process; None if it is gone.

    proc(5), /proc/PID/stat. The name of the program may hold spaces and parentheses.
    """
    try:
        descriptor = posix.open(f"/proc/{pid}/stat", posix.O_RDONLY | posix.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        data = posix.read(descriptor, 4096)
    except ProcessLookupError:
        return None
    finally:
        posix.close(descriptor)
    fields = data[data.rindex(b")") + 2 :].split()
    return fields[0].decode(), int(fields[START_TIME_FIELD])


def is_alive(pid: int, start_time: int) -> bool:
    """Whether this very process still runs; a zombie does not."""
    if pid <= 0:
        return False
    found = process_stat(pid)
    return found is not None and found[0] not in {"Z", "X"} and found[1] == start_time


def in_user_namespace() -> bool:
    """Whether this process runs in another user namespace than the first."""
    try:
        return read_file("/proc/self/uid_map").split() != UNMAPPED
    except FileNotFoundError:  # a kernel without user namespaces
        return False


def boot_id() -> str:
    """A text that is another one after each boot of this kernel; "" where it cannot be read."""
    try:
        descriptor = posix.open(BOOT_ID_FILE, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return posix.read(descriptor, 64).decode().strip()
    finally:
        posix.close(descriptor)
