"""`LocalContentWriter`: writes an ingest and makes it a blob.

The order at the end: the data is on the disk; under the database's write lock it gets its name, and the folder is
synced; then the row is committed. Killed before the row, a whole blob lies there that nobody knows: the next writer
that expects it takes it over, or a collection removes it. A damaged blob is replaced: who
reads it has the old file.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from tiffin.image.content import records
from tiffin.image.content.checking import is_whole
from tiffin.image.content.layout import blob_path, read_time, write_time
from tiffin.image.digest import split_digest
from tiffin.image.durable import make_folder
from tiffin.image.errors import AlreadyExists, DigestMismatch, FailedPrecondition
from tiffin.image.metadata.leases import protect, release
from tiffin.image.metadata.protocol import Resource
from tiffin.runtime.state.files import synchronize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from tiffin.image.content.ingest import Ingest
    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope


class LocalContentWriter:
    """`ContentWriter` of a local store; made by its `writer`."""

    def __init__(
        self,
        root: str,
        database: Database,
        scope: Scope,
        ingest: Ingest,
        *,
        reference: str,
        total: int,
        expected: str,
    ) -> None:
        self._root = root
        self._database = database
        self._scope = scope
        self._ingest = ingest
        self._reference = reference
        self._total = total
        self._expected = expected

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the ingest up, for a later writer to go on with."""
        if self._ingest.descriptor >= 0:
            try:
                write_time(self._ingest.folder, "updatedat", self._database.now())
            finally:  # a full disk: the lock is given up all the same
                self._ingest.close()

    @property
    def offset(self) -> int:
        """As the protocol says."""
        return self._ingest.offset

    def times(self) -> tuple[int, int]:
        """When it was begun, and when last written to, in nanoseconds since 1970."""
        return read_time(self._ingest.folder, "startedat"), os.fstat(self._ingest.descriptor).st_mtime_ns

    def discard(self) -> None:
        """Throws what was written away, and gives the ingest up. Raises OSError."""
        self._ingest.discard()

    def digest(self) -> str:
        """The sha256 digest of what is there."""
        return self._ingest.digest()

    def reading(self) -> int:
        """A descriptor of what is written, for the caller to close; it stays good when the ingest becomes a blob."""
        return os.open(f"/proc/self/fd/{self._ingest.descriptor}", os.O_RDONLY | os.O_CLOEXEC)

    def write(self, data: bytes | memoryview) -> None:
        """As the protocol says."""
        self._ingest.append(data)

    def truncate(self) -> None:
        """As the protocol says."""
        self._ingest.truncate()

    def commit(self, *, size: int = 0, digest: str = "", labels: Mapping[str, str] | None = None) -> str:
        """As the protocol says; after any other error the ingest is there, and commit can be tried again."""
        if self._ingest.descriptor < 0:
            raise FailedPrecondition("the writer was closed, or has committed: nothing can be committed")
        found = self._checked(size or self._total, digest or self._expected)
        os.fsync(self._ingest.descriptor)
        make_folder(os.path.dirname(blob_path(self._root, found)), 0o755)
        path, namespace = blob_path(self._root, found), self._scope.namespace
        with self._database.writing() as connection, ExitStack() as undo:
            whole = is_whole(path, records.anywhere(connection, found))
            exists = whole and records.find(connection, namespace, found) is not None
            protect(connection, self._scope, Resource("content", found))
            release(connection, self._scope, Resource("ingests", self._reference))
            if not exists:
                values = (self._ingest.offset, self._database.now(), labels or {})
                records.insert(connection, namespace, found, *values)
            if not whole:
                records.note(connection, found, None)
                self._rename(path, undo)
                connection.execute("COMMIT")  # within `undo`: if it fails the data is an ingest again
                connection.execute("BEGIN")
            undo.pop_all()
        self._ingest.discard()
        if exists:
            raise AlreadyExists(f"the content store has {found} already")
        return found

    def _checked(self, size: int, digest: str) -> str:
        """The digest of what was written. Raises DigestMismatch, after throwing it away."""
        found = self._ingest.digest(split_digest(digest)[0] if digest else "sha256")
        wrong = ""
        if size and size != self._ingest.offset:
            wrong = f"{self._ingest.offset} bytes were written, {size} were expected"
        elif digest and digest != found:
            wrong = f"what was written is damaged or forged: it should be {digest}, and is {found}"
        if wrong:
            self._ingest.discard()
            raise DigestMismatch(wrong)
        return found

    def _rename(self, path: str, undo: ExitStack) -> None:
        data = os.path.join(self._ingest.folder, "data")
        os.fchmod(self._ingest.descriptor, 0o444)
        undo.callback(os.fchmod, self._ingest.descriptor, 0o644)
        os.rename(data, path)
        undo.callback(os.rename, path, data)
        synchronize(os.path.dirname(path))
