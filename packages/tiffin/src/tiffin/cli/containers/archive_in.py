"""`ArchiveExtraction`: a tar archive into a folder of a container, as `docker cp - NAME:PATH` has it.

Neither the archive nor the container is trusted: names are taken inside the container's root, by openat2(2), and what
is made is made by descriptors, or by names that are not followed, in a folder of its own (`copy_put`).
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from tiffin.cli.containers.copy_put import Opened, put
from tiffin.cli.failure import CommandFailed
from tiffin.image.decompress import decompressed
from tiffin.image.errors import InvalidImage
from tiffin.image.layers.attributes import set_extended, set_mode, set_times, wanted
from tiffin.image.layers.create import CREATORS, NEW_FILE, REGULAR, fill
from tiffin.image.layers.names import clean
from tiffin.image.layers.owners import Owners, Ownership
from tiffin.image.layers.root import DIRECTORY
from tiffin.image.layers.tar import entry as kinds
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source
from tiffin.image.layers.whiteouts import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.containers.copy_tree import Place
    from tiffin.image.layers.owners import IdMaps
    from tiffin.image.layers.tar.entry import Entry
    from tiffin.image.verified import Readable

MADE = b"new"  # a file, before it has its name


class ArchiveExtraction:
    """One archive, to one folder.

    Args:
        target: the folder. ids: how ids in the container become ours; None where they are the same.
        archive: keep the owners that the archive tells; else all belongs to root.
    """

    def __init__(self, target: Place, ids: IdMaps | None, *, archive: bool) -> None:
        self._target = target
        self._keeps_owners = archive
        self._owners = Owners(Ownership.possible(), ids)
        self._times: dict[bytes, Entry] = {}
        target.root.when_made = self._implied

    def extract(self, stream: Readable) -> None:
        """Writes all of it, which may be compressed. Raises CommandFailed: no folder, or no archive; OSError."""
        os.close(self._target.existing(self._target.path))
        archive = TarReader(Source(decompressed(stream)))
        try:
            for entry in archive.entries():
                self._write(archive, entry if self._keeps_owners else entry.replace(uid=0, gid=0))
        except InvalidImage as error:
            raise CommandFailed(f"the archive cannot be unpacked: {error}") from error
        for path, entry in self._times.items():
            with Opened(self._target.existing(path)) as folder:
                set_times(entry.mtime, entry.atime, folder)

    def _write(self, archive: TarReader, entry: Entry) -> None:
        path = clean(entry.name)
        if not path:  # the folder itself, which is the container's
            return
        above, _, name = self._inside(path).rpartition(b"/")
        # a copy: the root may close its own when it is asked for another one
        with Opened(os.dup(self._target.root.directory(above, create=True))) as folder:
            if entry.type == kinds.DIRECTORY:
                self._write_folder(entry, name, folder)
                self._times[self._inside(path)] = entry
                return
            replaces_link = type_of(name, folder) == stat.S_IFLNK
            self._put(archive, entry, name, folder)
        if replaces_link:
            self._target.root.forget()

    def _put(self, archive: TarReader, entry: Entry, name: bytes, folder: int) -> None:
        def make(partial: int) -> None:
            if entry.type in REGULAR:
                self._make_regular(archive, entry, partial)
            else:
                self._make_special(entry, partial)

        put(folder, name, self._target.shown, MADE, make)

    def _write_folder(self, entry: Entry, name: bytes, above: int) -> None:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=above)
        try:
            opened = os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
        except NotADirectoryError as error:
            raise CommandFailed(f"{self._target.shown}: a folder cannot replace a file") from error
        with Opened(opened) as folder:
            self._attribute(entry, folder)

    def _make_regular(self, archive: TarReader, entry: Entry, partial: int) -> None:
        with Opened(os.open(MADE, NEW_FILE, 0o600, dir_fd=partial)) as file:
            fill(archive, entry, file)
            self._attribute(entry, file)
            set_times(entry.mtime, entry.atime, file)

    def _make_special(self, entry: Entry, partial: int) -> None:
        if entry.type not in CREATORS:
            raise CommandFailed(f"{entry.shown} in the archive is of the unknown type {entry.type!r}")
        if entry.type == kinds.HARD_LINK:
            inside = entry.replace(target=self._inside(clean(entry.target)))
            CREATORS[entry.type](inside, MADE, partial, self._target.root)
            return
        CREATORS[entry.type](entry, MADE, partial, self._target.root)
        self._owners.give(entry, MADE, partial)
        if entry.type != kinds.SYMBOLIC_LINK:
            set_mode(entry.mode, MADE, partial)
        values = wanted(entry, self._owners.ids)
        set_extended(b"/proc/self/fd/%d/%s" % (partial, MADE), values, self._owners, fresh=True)
        set_times(entry.mtime, entry.atime, MADE, partial)

    def _attribute(self, entry: Entry, file: int) -> None:
        self._owners.give(entry, file)
        os.fchmod(file, entry.mode)
        set_extended(file, wanted(entry, self._owners.ids), self._owners, fresh=True)

    def _implied(self, _path: bytes, folder: int) -> None:
        """A folder was made that the archive does not name."""
        if self._owners.ids is not None:
            os.fchown(folder, *self._owners.ids.to_host(0, 0)[:2])

    def _inside(self, path: bytes) -> bytes:
        """A path in the archive, from the container's root on."""
        return b"/".join(filter(None, (self._target.path, path)))
