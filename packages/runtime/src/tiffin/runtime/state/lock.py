"""The lock of one container, for the verbs that change its state."""

from __future__ import annotations

import fcntl
import posix

from ..errors import FailedPrecondition, NotFound
from .files import FILE_MODE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class Lock:
    """An exclusive flock(2); it ends with the process that holds it, however that dies.

    Args:
        path: the lock file; made if it is missing, but not its directory.
        wait: wait for whoever holds it.
        new: the file must not be there yet. Who makes it owns the directory.

    Raises:
        NotFound: the container is gone, or went while we waited.
        FailedPrecondition: another command holds the lock, and `wait` is false; or it is not new.
    """

    def __init__(self, path: str, *, wait: bool = True, new: bool = False) -> None:
        flags = posix.O_RDWR | posix.O_CREAT | posix.O_CLOEXEC | posix.O_NOFOLLOW
        try:
            self.descriptor = posix.open(path, flags | (posix.O_EXCL if new else 0), FILE_MODE)
        except FileExistsError as error:
            raise FailedPrecondition("the container was deleted while it was made") from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound("container does not exist") from error
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            posix.close(self.descriptor)
            raise FailedPrecondition(f"another command works on this container (lock: {path})") from error
        if posix.fstat(self.descriptor).st_nlink == 0:
            posix.close(self.descriptor)
            raise NotFound("container does not exist")

    def release(self) -> None:
        """Lets go of it; once more is no error."""
        if self.descriptor >= 0:
            posix.close(self.descriptor)
        self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
