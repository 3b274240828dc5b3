"""SQLite's result codes as our errors: one table. Source: SQLite's documentation, "Result and Error Codes"."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import contextmanager

from tiffin.image.errors import DataLoss, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ERRNO = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_NOMEM: errno.ENOMEM,
}
_PRIMARY = 0xFF  # the lowest byte of an extended code
_ROOM = 65536  # bytes: SQLite's index of the log needs 32768


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turns sqlite3's errors into Unavailable (busy), DataLoss (damaged) and OSError (the disk)."""
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        raise _translation(error, path) from error


def is_full(error: sqlite3.Error, path: str) -> bool:
    """Whether a disk without room is what is the matter: SQLite says only of some calls that it is."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code & _PRIMARY == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return True
    if code & _PRIMARY != sqlite3.SQLITE_IOERR:
        return False
    status = os.statvfs(os.path.dirname(os.path.abspath(path)))
    return status.f_bavail * status.f_frsize < _ROOM


def _translation(error: sqlite3.DatabaseError, path: str) -> Exception:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable(f"{path!r} is being written by another process, and was for too long")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DataLoss(f"{path!r} is damaged ({error}): move it away and pull the images again")
    if code in _ERRNO:
        number = errno.ENOSPC if is_full(error, path) else _ERRNO[code]
        return OSError(number, f"{os.strerror(number)} ({error})", path)
    return error
