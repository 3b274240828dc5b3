"""Executes operations on host files from Python: what `update` does, and what tests compare with the C core.

The same semantics as the core's launcher step: mkdir of what exists is fine, a file is opened without O_CREAT
and written with one write(2), and the first failure ends it, unless its flags say otherwise.
"""

from __future__ import annotations

import errno
import posix

from ..errors import OperationFailed
from ..plan.operations import WRITE_MAY_FAIL, WRITE_OPTIONAL
from .files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ..plan.operation import Operation

MAKE_DIRECTORY, WRITE_FILE, COPY_IF_EMPTY, WRITE_PID, ATTACH_DEVICE_PROGRAM, CLONE_INTO_CGROUP = range(1, 7)


def apply(operations: Iterable[Operation], *, pid: int = 0) -> tuple[str, ...]:
    """Executes the operations in order, of whatever step they are.

    Args:
        operations: those of a cgroup manager; `clone_into_cgroup` cannot be done here.
        pid: what write_pid writes; 0 is the calling thread.

    Returns:
        Warnings: what failed and was allowed to.

    Raises:
        OperationFailed: the first failure, with the path, errno and `where`.
    """
    warnings = []
    for operation in operations:
        path = operation.arguments[0]
        flags = operation.arguments[-1] if operation.number in FLAGGED else 0
        try:
            if operation.number == WRITE_PID:
                write(path, str(pid).encode())
            else:
                EXECUTORS[operation.number](*operation.arguments)
        except OSError as error:
            if flags & WRITE_OPTIONAL and error.errno == errno.ENOENT:
                continue
            message = f"{DESCRIPTIONS[operation.number]} {path}: {posix.strerror(error.errno or 0)}"
            if operation.number == WRITE_FILE:
                message += f" (the value was {operation.arguments[1].decode(errors='replace')!r})"
            if flags & WRITE_MAY_FAIL:
                warnings.append(message)
                continue
            raise OperationFailed(message, where=operation.where, errno=error.errno or 0) from error
    return tuple(warnings)


def write(path: str, data: bytes) -> None:
    """One write to a file that exists.

    Raises:
        OSError: the kernel's reason.
    """
    descriptor = posix.open(path, posix.O_WRONLY | posix.O_CLOEXEC)
    try:
        posix.write(descriptor, data)
    finally:
        posix.close(descriptor)


def _make_directory(path: str, mode: int) -> None:
    try:
        posix.mkdir(path, mode)
    except FileExistsError:
        if not posix.access(f"{path}/.", posix.F_OK):
            raise


def _write_file(path: str, data: bytes, _flags: int) -> None:
    write(path, data)


def _copy_if_empty(source: str, target: str) -> None:
    if (read_text(target) or "").strip():
        return
    value = read_text(source)
    if value is None:
        raise FileNotFoundError(errno.ENOENT, posix.strerror(errno.ENOENT), source)
    write(target, value.encode())


def _attach(cgroup: str, instructions: bytes, _flags: int) -> None:
    from .device_attachment import replace_program

    replace_program(cgroup, instructions)


EXECUTORS: dict[int, Callable[..., Any]] = {
    MAKE_DIRECTORY: _make_directory,
    WRITE_FILE: _write_file,
    COPY_IF_EMPTY: _copy_if_empty,
    ATTACH_DEVICE_PROGRAM: _attach,
}
DESCRIPTIONS = {
    MAKE_DIRECTORY: "making the cgroup",
    WRITE_FILE: "writing",
    COPY_IF_EMPTY: "copying from the parent's cpuset",
    WRITE_PID: "joining by",
    ATTACH_DEVICE_PROGRAM: "attaching the device filter to",
}
FLAGGED = (WRITE_FILE, WRITE_PID, ATTACH_DEVICE_PROGRAM)
