"""The native core in a sealed memfd: what runs is a private copy that nobody can write to (CVE-2019-5736)."""

from __future__ import annotations

import fcntl
import posix

from ..errors import Unsupported

CORE_NAME = "tiffin-core"
F_ADD_SEALS = 1033
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE = 1, 2, 4, 8
ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
MFD_EXEC = 0x10  # Linux 6.3: says that it will be executed, whatever vm.memfd_noexec is
COPY_SIZE = 1 << 30


def core_path() -> str:
    """Where the package keeps tiffin-core."""
    package = __file__.rpartition("/launch/")[0]
    return f"{package}/bin/{CORE_NAME}"


def sealed_core(path: str = "") -> int:
    """A descriptor (close-on-exec) of a sealed copy of the core; the caller closes it.

    Raises:
        Unsupported: tiffin-core is not installed, or the kernel has no sealed memory files (Linux 3.17).
    """
    path = path or core_path()
    try:
        source = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except FileNotFoundError as error:
        raise Unsupported(f"{path} is missing: install tiffin-runtime again") from error
    try:
        return _sealed_copy(source)
    finally:
        posix.close(source)


def _sealed_copy(source: int) -> int:
    descriptor = _memory_file(CORE_NAME)
    try:
        while posix.sendfile(descriptor, source, None, COPY_SIZE):
            pass
        fcntl.fcntl(descriptor, F_ADD_SEALS, ALL_SEALS)
    except BaseException:
        posix.close(descriptor)
        raise
    return descriptor


def _memory_file(name: str) -> int:
    flags = posix.MFD_CLOEXEC | posix.MFD_ALLOW_SEALING
    try:
        return posix.memfd_create(name, flags | MFD_EXEC)
    except OSError:  # EINVAL before Linux 6.3
        return posix.memfd_create(name, flags)
