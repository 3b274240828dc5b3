"""Why a launch failed, in words: what was attempted, where in the config it came from, the kernel's reason."""

from __future__ import annotations

import errno
import posix

from ..errors import OperationFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..plan.operation import Operation, Plan
    from .message import Message

NEW_NAMESPACES, MAP_IDS, UNSHARE_NAMESPACES = 11, 12, 15  # numbers of operations
FIND_PROGRAM = 67
EXECUTE = 70
SIGNAL_NAMES = {
    1: "SIGHUP",
    2: "SIGINT",
    6: "SIGABRT",
    7: "SIGBUS",
    9: "SIGKILL",
    11: "SIGSEGV",
    13: "SIGPIPE",
    15: "SIGTERM",
    31: "SIGSYS",
}


def failure_of(plan: Plan, message: Message) -> OperationFailed:
    """The error for a `failed` message."""
    if not 0 <= message.operation < len(plan.operations):
        return OperationFailed(
            _with_reason(message.text or "the executor failed", message.errno), errno=message.errno
        )
    operation = plan.operations[message.operation]
    if operation.number in {FIND_PROGRAM, EXECUTE}:
        return _program_failure(operation, message)
    from ..plan.describe import describe

    text = describe(operation)
    if message.text:
        text += f": {message.text}"
    text = _with_reason(text, message.errno)
    if operation.where:
        text += f" ({operation.where})"
    if operation.number in {NEW_NAMESPACES, MAP_IDS, UNSHARE_NAMESPACES}:
        text += _remedy(operation, message.errno)
    return OperationFailed(text, where=operation.where, errno=message.errno)


def _remedy(operation: Operation, number: int) -> str:
    from .namespace_limits import remedy

    flags = 0 if operation.number == MAP_IDS else operation.arguments[0]
    found = remedy(flags, number, later=operation.number != NEW_NAMESPACES)
    return f": {found}" if found else ""


def _program_failure(operation: Operation, message: Message) -> OperationFailed:
    """The texts of a missing or unusable program, which podman, dockerd and CRI-O look for."""
    name = operation.arguments[0] if operation.number == FIND_PROGRAM else operation.arguments[0][0]
    reason = reason_of(message.errno)
    if operation.number == EXECUTE:
        text = f"exec {name}: {reason}"
    elif message.errno == errno.ENOENT and "/" not in name:
        text = f'exec: "{name}": executable file not found in $PATH'
    elif message.errno == errno.ENOENT:
        text = f'exec: "{name}": stat {name}: {reason}'
    else:
        text = f'exec: "{name}": {reason}'
    return OperationFailed(text, where=operation.where, errno=message.errno, program=True)


def reason_of(number: int) -> str:
    """strerror(3) in the spelling that callers know: the first letter small."""
    text = posix.strerror(number)
    return text[:1].lower() + text[1:]


def _with_reason(text: str, number: int) -> str:
    return f"{text}: {reason_of(number)}" if number else text


def death_of(what: str, status: int | None, *, oom_killed: bool) -> OperationFailed:
    """The error when a process of the launch died without a message.

    Args:
        what: "init" or "launcher".
        status: its wait status, None where it is not known: its parent is another process, or does not ask for it.
        oom_killed: the container's memory cgroup counted an OOM kill.
    """
    if oom_killed:
        return OperationFailed("container init was OOM-killed (memory limit too low?)")
    if status is None:
        return OperationFailed(f"container {what} ended while it was set up, and gave no reason")
    code = posix.waitstatus_to_exitcode(status)
    if code < 0:
        return OperationFailed(
            f"container {what} was killed by {SIGNAL_NAMES.get(-code, f'signal {-code}')} while it was set up"
        )
    return OperationFailed(
        f"container {what} ended with status {code} while it was set up, and gave no reason"
    )
