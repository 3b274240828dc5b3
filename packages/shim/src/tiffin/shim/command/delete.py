"""`delete`: containerd has lost a shim, or one has ended in order; nothing of the container may be left.

containerd executes it after every task, mostly when all is gone already: then nothing is loaded that only the rest
needs. What is left is killed and removed: that is what containerd expects of a shim, and why a container outlives its
shim only until containerd notices. Whoever wants it back runs `start` before.

Source: containerd, docs/runtime-v2.md (delete); core/runtime/v2/shim.go (cleanupAfterDeadShim).
"""

from __future__ import annotations

import posix
import time

from tiffin.runtime.record import Record
from tiffin.runtime.state.files import read_file
from tiffin.ttrpc.wire.protobuf import BYTES, VARINT, bytes_field, number_field, tag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .flags import Invocation

KILLED = 137
FOLDER = "tiffin"  # as in `tasks.records`; a test compares them
ADDRESS_FILE = "address"  # as `start` has it


class Remains(Record):
    """What is told of the container's first process. exited_at: nanoseconds since 1970."""

    pid: int
    exit_status: int
    exited_at: int


def delete(invocation: Invocation) -> bytes:
    """Removes what is left of a container, and returns an encoded DeleteResponse. Raises RuntimeFailure."""
    bundle = invocation.bundle or posix.getcwd()
    remains = Remains(0, KILLED, time.time_ns())
    if posix.access(f"{bundle}/{FOLDER}", posix.F_OK):
        from .cleanup import clean_up

        remains = clean_up(invocation, bundle) or remains
    _remove_socket(bundle)
    return encode(remains)


def _remove_socket(bundle: str) -> None:
    """That of the bundle's shim, if it was killed: the real one leaves such sockets for ever."""
    try:
        address = read_file(f"{bundle}/{ADDRESS_FILE}").decode("utf-8", "replace")
    except OSError:  # it never had a shim, or containerd has removed the bundle
        return
    path = address.removeprefix("unix://")
    if path != address and posix.access(path, posix.F_OK):
        from .socket_path import locked, remove_dead

        with locked(path):
            remove_dead(path)


def encode(remains: Remains) -> bytes:
    """A containerd.task.v3.DeleteResponse: pid 1, exit_status 2, exited_at 3 (seconds 1, nanos 2)."""
    seconds, nanos = divmod(remains.exited_at, 10**9)
    at = number_field(tag_of(1, VARINT), seconds) + number_field(tag_of(2, VARINT), nanos)
    return (
        number_field(tag_of(1, VARINT), remains.pid)
        + number_field(tag_of(2, VARINT), remains.exit_status)
        + bytes_field(tag_of(3, BYTES), at)
    )
