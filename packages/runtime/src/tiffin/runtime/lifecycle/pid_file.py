"""--pid-file and --pidfd-socket: tell the caller which process it is."""

from __future__ import annotations

import posix

from ..errors import InvalidArgument, Unsupported
from ..state.files import write_all


def write_pid_file(path: str, pid: int) -> None:
    """Writes a pid file atomically; its reader never sees half of it."""
    folder, _, name = path.rpartition("/")
    temporary = f"{folder}/.{name}"
    flags = posix.O_RDWR | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC
    try:
        descriptor = posix.open(temporary, flags, 0o666)
    except FileExistsError:  # of a run that was killed
        posix.unlink(temporary)
        descriptor = posix.open(temporary, flags, 0o666)
    try:
        write_all(descriptor, str(pid).encode())
    finally:
        posix.close(descriptor)
    posix.rename(temporary, path)


def send_pidfd(path: str, pid: int) -> None:
    """Sends a pidfd of the process to a unix socket.

    Raises:
        InvalidArgument: nobody listens there. Unsupported: Linux before 5.3 has no pidfds.
    """
    import _socket
    import errno

    try:
        descriptor = posix.pidfd_open(pid)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        raise Unsupported("--pidfd-socket: this kernel has no pidfds (Linux 5.3)") from error
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    try:
        sock.connect(path)
        sock.sendmsg([b"pidfd"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptor.to_bytes(4, "little"))])
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise InvalidArgument(f"--pidfd-socket: cannot connect to {path}: {error.strerror}") from error
    finally:
        sock.close()
        posix.close(descriptor)
