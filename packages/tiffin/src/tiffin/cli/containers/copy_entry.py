"""`EntryCopy`: one file from an open folder to another, which may be on different file systems."""

from __future__ import annotations

import os
import stat

from tiffin.image.layers.copy_entry import EntryCopier

AT_ONCE = 1 << 24  # bytes
FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC


class EntryCopy:
    """Copies what is no folder. owner: uid and gid of what is made; None: those of the original."""

    def __init__(self, owner: tuple[int, int] | None) -> None:
        self._owner = owner
        self._copier = EntryCopier()

    def copy(self, source: int, target: int, name: bytes, status: os.stat_result) -> None:
        """To the same name. Raises OSError; FileNotFoundError too for what is something else by now."""
        if stat.S_ISREG(status.st_mode):
            self._copy_content(source, target, name)
            return
        self._copier.copy(source, target, name, status)
        if self._owner is not None:
            os.chown(name, *self._owner, dir_fd=target, follow_symlinks=False)

    def copy_attributes(self, source: int, target: int, status: os.stat_result) -> None:
        """Of open files or folders."""
        self._copier.copy_attributes(source, target, status)
        if self._owner is not None:
            os.fchown(target, *self._owner)
            os.fchmod(target, stat.S_IMODE(status.st_mode))  # a change of the owner takes bits away
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _copy_content(self, above: int, below: int, name: bytes) -> None:
        source = os.open(name, os.O_RDONLY | os.O_NONBLOCK | FLAGS, dir_fd=above)
        try:
            status = os.fstat(source)
            if not stat.S_ISREG(status.st_mode):
                raise FileNotFoundError(f"{os.fsdecode(name)} is no file any more")
            target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FLAGS, 0o600, dir_fd=below)
            try:
                while os.sendfile(target, source, None, AT_ONCE):
                    pass
                self.copy_attributes(source, target, status)
            finally:
                os.close(target)
        finally:
            os.close(source)
