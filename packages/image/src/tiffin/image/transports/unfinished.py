"""`UnfinishedFile`: a file without a name until it is whole, so that a killed process leaves nothing behind."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from errno import EINVAL, EISDIR, ENOENT, EOPNOTSUPP
from types import TracebackType
from typing import BinaryIO, Self

from tiffin.runtime.state.files import synchronize

NO_NAMELESS_FILES = (EOPNOTSUPP, EISDIR, ENOENT, EINVAL)  # what file systems say that lack O_TMPFILE: open(2)


class UnfinishedFile:
    """A new file below `folder`; `publish` gives it its name. Without that, closing takes it away.

    Where the file system has no nameless files it is called `.tiffin-...` meanwhile.

    Raises:
        OSError: if nothing can be made there.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder or "."
        self._temporary = ""
        try:
            descriptor = os.open(self._folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if error.errno not in NO_NAMELESS_FILES:
                raise
            descriptor, self._temporary = tempfile.mkstemp(prefix=".tiffin-", dir=self._folder)
            os.fchmod(descriptor, 0o644)
        self.file: BinaryIO = os.fdopen(descriptor, "w+b", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def publish(self, path: str) -> None:
        """Brings the content to the disk, then to `path` in the same folder, in place of what was there.

        Raises:
            OSError: then nothing was changed.
        """
        os.fsync(self.file.fileno())
        if not self._temporary:
            self._temporary = self._linked()
        os.rename(self._temporary, path)
        self._temporary = ""
        synchronize(self._folder or ".")

    def _linked(self) -> str:
        """A first name: link(2) replaces nothing, so that a rename must follow."""
        descriptor = self.file.fileno()
        name = os.path.join(self._folder, f".tiffin-{os.getpid()}-{descriptor}")
        with suppress(FileNotFoundError):  # of a killed process that had our number
            os.unlink(name)
        # with a src_dir_fd Python calls linkat(2) with AT_SYMLINK_FOLLOW, which this needs: open(2), O_TMPFILE
        os.link(f"/proc/self/fd/{descriptor}", name, src_dir_fd=descriptor, follow_symlinks=True)
        return name

    def close(self) -> None:
        """Closes it, and removes it if it was not published."""
        self.file.close()
        if self._temporary:
            os.unlink(self._temporary)
            self._temporary = ""


def write_whole(path: str, data: bytes) -> None:
    """Writes a small file, which is there with all its content or not at all. Raises OSError."""
    with UnfinishedFile(os.path.dirname(path)) as unfinished:
        write_all(unfinished.file, data)
        unfinished.publish(path)


def write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Writes all of it to an unbuffered file, which may take less at once."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
