"""`Ingest`: the folder of a blob that is being written, held by one process."""

from __future__ import annotations

import fcntl
import os

from tiffin.image.content.layout import read_text, write_time
from tiffin.image.digest import new_hash
from tiffin.image.durable import make_folder, write_file
from tiffin.image.errors import FailedPrecondition, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

BLOCK = 1024 * 1024
MOST_ATTEMPTS = 100
REMOVED = ".removed"  # how the names of folders end that are on their way out
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


class Ingest:
    """An ingest that is locked, until `close` or the end of the process.

    offset: how many bytes `data` has.
    """

    def __init__(self, folder: str, descriptor: int, lock: int) -> None:
        self.folder = folder
        self.descriptor = descriptor
        self._lock = lock
        self.offset = os.lseek(descriptor, 0, os.SEEK_END)
        self._hash = new_hash()
        self._hashed = 0

    @classmethod
    def lock(cls, folder: str) -> Self:
        """Takes an ingest's folder, which is made if it is missing. The folder is what is locked, not what is in it.

        Raises:
            Unavailable: another process has it. OSError: as the disk says.
        """
        lock = _locked(folder)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            return cls(folder, os.open("data", flags, 0o644, dir_fd=lock), lock)
        except BaseException:
            os.close(lock)
            raise

    def begin(self, name: str, now: int, total: int, expected: str) -> None:
        """Writes down what the ingest is, or checks that it is the same as before.

        Raises:
            FailedPrecondition: other bytes are expected now than when it was begun.
        """
        for file, value in (("total", str(total) if total else ""), ("expected", expected)):
            before = read_text(self.folder, file).strip()
            if before and value and before != value:
                raise FailedPrecondition(
                    f"the ingest {name.partition('/')[2]!r} was begun with {file} {before}, not {value}: abort it first"
                )
            if value and not before:
                write_file(os.path.join(self.folder, file), value.encode())
        if not read_text(self.folder, "ref"):
            self.truncate()  # the power was cut before anybody could know what this is
            write_time(self.folder, "startedat", now)
            write_time(self.folder, "updatedat", now)
            write_file(os.path.join(self.folder, "ref"), name.encode())  # last: now it counts

    def append(self, data: bytes | memoryview) -> None:
        """Writes all of it at the end. Raises OSError; then what fitted is kept, and counted."""
        rest = memoryview(data).cast("B")
        while rest:
            written = self._write(rest)
            if self._hashed == self.offset:
                self._hash.update(rest[:written])
                self._hashed += written
            self.offset += written
            rest = rest[written:]

    def _write(self, data: memoryview) -> int:
        try:
            return os.pwrite(self.descriptor, data, self.offset)
        except OSError as error:  # it does not say where
            raise OSError(error.errno, error.strerror, self.folder) from error

    def truncate(self) -> None:
        """Forgets the bytes. Raises OSError."""
        os.ftruncate(self.descriptor, 0)
        self.offset = self._hashed = 0
        self._hash = new_hash()

    def digest(self, algorithm: str = "sha256") -> str:
        """The digest of all bytes; those that earlier processes wrote are read again. Raises OSError."""
        if algorithm != self._hash.name:
            self._hash = new_hash(algorithm)
            self._hashed = 0
        while self._hashed < self.offset:
            block = os.pread(self.descriptor, min(BLOCK, self.offset - self._hashed), self._hashed)
            if not block:
                raise OSError(5, "the file became shorter while it was held", self.folder)
            self._hash.update(block)
            self._hashed += len(block)
        return f"{algorithm}:{self._hash.hexdigest()}"

    def discard(self) -> None:
        """Removes the folder, and gives it up. It loses its name first: who begins another one gets a new folder."""
        try:
            aside = f"{self.folder}-{os.urandom(4).hex()}{REMOVED}"
            os.rename(self.folder, aside)
            _remove_tree(aside)
        finally:
            self.close()

    def close(self) -> None:
        """Gives it up; what was written stays."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            os.close(self._lock)
            self.descriptor = self._lock = -1


def remove_rest(folder: str) -> None:
    """Removes a folder that a killed process had put aside; one that is being removed stays. Raises OSError."""
    try:
        lock = os.open(folder, FOLDER)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(folder, lock):
            _remove_tree(folder)
    except BlockingIOError:
        return
    finally:
        os.close(lock)


def _remove_tree(folder: str) -> None:
    """An ingest's folder has files only."""
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    os.rmdir(folder)


def _locked(folder: str) -> int:
    """A descriptor of the folder, which is locked. Raises Unavailable."""
    for _ in range(MOST_ATTEMPTS):
        make_folder(folder, 0o755)
        try:
            lock = os.open(folder, FOLDER)
        except FileNotFoundError:
            continue  # somebody removed it between the two
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(folder, lock):
                return lock
        except BlockingIOError:
            os.close(lock)
            break
        os.close(lock)  # its last holder finished it, or threw it away
    raise Unavailable(f"another process is writing to the ingest in {folder!r}")


def _is_still(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
