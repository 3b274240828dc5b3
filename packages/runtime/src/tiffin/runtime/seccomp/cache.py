"""`FilterCache`: compiled filters on disk, one file each, that are trusted only as far as they can be checked.

The directory and the file must belong to us and be writable by nobody else; the file must hold the whole key (so a
collision of names cannot give a wrong filter), a checksum that fits, and the identity of a libseccomp that is still
there. Anything else is a miss, and the entry is written anew. A writer renames a finished file into place.

    entry = magic[16] checksum[8] size:u32 * 5 flags:u32 library instructions warnings key      (little-endian)
            sizes: the four parts that follow, and the whole entry; library = "mtime_ns size path"
"""

from __future__ import annotations

import _imp
import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Compiled: TypeAlias = tuple[bytes, int, tuple[str, ...]]  # instructions, flags, warnings

MAGIC = b"tiffin-seccomp 1"
HEADER_SIZE = 16 + 8 + 6 * 4
CHECKSUM_KEY = 0x7469666669  # SipHash finds what is damaged; who may damage it is a matter of the file's mode
ENTRY_BYTES_MAXIMUM = 1 << 20
WRITABLE_BY_OTHERS = 0o022
DIRECTORY_FLAGS = posix.O_RDONLY | posix.O_DIRECTORY | posix.O_NOFOLLOW | posix.O_CLOEXEC
READ_FLAGS = posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_CLOEXEC


class FilterCache:
    """A directory of compiled filters. `refusal` tells why it is not used, once it has turned out so.

    Args:
        directory: its path; it is made, with mode 0700, by the first write.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.refusal = ""

    def read(self, key: bytes) -> Compiled | None:
        """The filter kept for a key; None if there is none that can be trusted."""
        try:
            directory = posix.open(self.directory, DIRECTORY_FLAGS)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.refusal = str(error)
            return None
        try:
            if not self._is_ours(directory):
                return None
            data = _read_entry(directory, entry_name(key))
        finally:
            posix.close(directory)
        return None if data is None else decode_entry(data, key)

    def write(self, key: bytes, compiled: Compiled, library: str) -> None:
        """Keeps a filter, and drops the oldest ones when there are too many. What cannot be kept is no error.

        Args:
            library: path of the libseccomp that made it; the entry ends with this very file.
        """
        from .cache_writing import write_entry

        data = encode_entry(key, compiled, library)
        if self.refusal or data is None:
            return
        try:
            _make_directory(self.directory)
            directory = posix.open(self.directory, DIRECTORY_FLAGS)
        except OSError as error:
            self.refusal = str(error)
            return
        try:
            if self._is_ours(directory):
                write_entry(directory, entry_name(key), data)
        except OSError as error:
            self.refusal = f"{self.directory}: {error.strerror}"
        finally:
            posix.close(directory)

    def _is_ours(self, directory: int) -> bool:
        status = posix.fstat(directory)
        if status.st_uid != posix.geteuid():
            self.refusal = f"{self.directory} belongs to user {status.st_uid}"
        elif status.st_mode & WRITABLE_BY_OTHERS:
            self.refusal = f"{self.directory} is writable by others (mode {status.st_mode & 0o7777:o})"
        return not self.refusal


def _make_directory(path: str) -> None:
    try:
        posix.mkdir(path, 0o700)
    except FileExistsError:
        return


def entry_name(key: bytes) -> str:
    """The file of a key. Two keys may share one; then they replace each other."""
    return _imp.source_hash(CHECKSUM_KEY, key).hex()


def _read_entry(directory: int, name: str) -> bytes | None:
    """All bytes of a file that is regular, ours, and not writable by others; else None."""
    try:
        descriptor = posix.open(name, READ_FLAGS, dir_fd=directory)
    except OSError:  # missing, a link, unreadable: a miss like any other
        return None
    try:
        status = posix.fstat(descriptor)
        regular = status.st_mode & 0o170000 == 0o100000
        trusted = status.st_uid == posix.geteuid() and not status.st_mode & WRITABLE_BY_OTHERS
        if not (regular and trusted and status.st_size <= ENTRY_BYTES_MAXIMUM):
            return None
        return posix.read(descriptor, status.st_size)
    finally:
        posix.close(descriptor)


def encode_entry(key: bytes, compiled: Compiled, library: str) -> bytes | None:
    """The file's bytes; None if it would be too large, or the library vanished."""
    identity = library_identity(library)
    instructions, flags, warnings = compiled
    if identity is None:
        return None
    parts = (identity, instructions, "\n".join(warnings).encode(), key)
    size = HEADER_SIZE + sum(map(len, parts))
    numbers = (*map(len, parts), size, flags)
    body = b"".join(number.to_bytes(4, "little") for number in numbers) + b"".join(parts)
    if size > ENTRY_BYTES_MAXIMUM:
        return None
    return MAGIC + _imp.source_hash(CHECKSUM_KEY, body) + body


def decode_entry(data: bytes, key: bytes) -> Compiled | None:
    """What `encode_entry` wrote, if it is whole, for this key, and its libseccomp is unchanged."""
    if (
        len(data) < HEADER_SIZE
        or data[:16] != MAGIC
        or data[16:24] != _imp.source_hash(CHECKSUM_KEY, data[24:])
    ):
        return None
    numbers = [int.from_bytes(data[at : at + 4], "little") for at in range(24, HEADER_SIZE, 4)]
    *sizes, total, flags = numbers
    if total != len(data) or HEADER_SIZE + sum(sizes) != total:
        return None
    parts = []
    start = HEADER_SIZE
    for size in sizes:
        parts.append(data[start : start + size])
        start += size
    identity, instructions, warnings, kept_key = parts
    if kept_key != key or identity != library_identity(identity.split(b" ", 2)[2]):
        return None
    return instructions, flags, tuple(warnings.decode().split("\n")) if warnings else ()


def library_identity(path: str | bytes) -> bytes | None:
    """Tells one libseccomp from another one at the same path; None if there is no such file."""
    try:
        status = posix.stat(path)
    except OSError:
        return None
    encoded = path.encode("utf-8", "surrogateescape") if isinstance(path, str) else path
    return b"%d %d %b" % (status.st_mtime_ns, status.st_size, encoded)
