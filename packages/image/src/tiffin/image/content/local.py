"""`LocalContentStore`: blobs in files, laid out as containerd does, and what is known about them in the database.

A file counts if, and only if, it has a row. A row whose file is missing or has another size, or that a check has noted
as damaged, is damage: its blob is not found, and a writer that brings it again heals it.
"""

from __future__ import annotations

import os

from tiffin.image.content import records, sharing
from tiffin.image.content.abandoned import remove_abandoned
from tiffin.image.content.checking import check_blob, has_digest, is_whole
from tiffin.image.content.ingest import REMOVED, Ingest
from tiffin.image.content.layout import blob_files, blob_path, ingest_folder, ingest_folders, read_status
from tiffin.image.content.writer import LocalContentWriter
from tiffin.image.errors import AlreadyExists, InvalidArgument, NotFound
from tiffin.image.metadata.damage import is_noted
from tiffin.image.metadata.labels import changed
from tiffin.image.metadata.leases import protect, release
from tiffin.image.metadata.namespaces import Scope, check_identifier
from tiffin.image.metadata.protocol import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

    from tiffin.image.content.protocol import BlobInfo, IngestStatus
    from tiffin.image.metadata.damage import Damage
    from tiffin.image.metadata.database import Database


class LocalContentStore:
    """`ContentStore` in the folder `root`, which is made if it is missing.

    Args:
        root: where; all namespaces share the files in it.
        database: of the same store.
        scope: whose blobs are seen, and the lease that protects those that are written.
    """

    def __init__(self, root: str, database: Database, scope: Scope | None = None) -> None:
        self.root = os.path.abspath(root)
        self._database = database
        self._scope = scope or Scope()
        check_identifier(self._scope.namespace)

    def leased(self, lease: str) -> LocalContentStore:
        """The same store; what is written through it is protected by a lease."""
        return LocalContentStore(self.root, self._database, self._scope.replace(lease=lease))

    def info(self, digest: str) -> BlobInfo:
        """As the protocol says."""
        path = blob_path(self.root, digest)
        with self._database.reading() as connection:
            found = records.find(connection, self._scope.namespace, digest)
        if found is None:
            raise NotFound(f"the content store has no {digest}")
        _check_size(path, found)
        return found

    def open(self, digest: str) -> BinaryIO:
        """As the protocol says."""
        self.info(digest)
        try:
            return open(blob_path(self.root, digest), "rb")
        except FileNotFoundError:  # collected just now
            raise NotFound(f"the content store has no {digest}") from None

    def claim(self, digest: str) -> None:
        """Protects a blob that is there by the lease of the scope, if it has one. Raises NotFound."""
        self.info(digest)
        if self._scope.lease:
            with self._database.writing() as connection:
                if records.find(connection, self._scope.namespace, digest) is None:
                    raise NotFound(f"the content store has no {digest} any more")
                protect(connection, self._scope, Resource("content", digest))

    def holders(self, digest: str) -> dict[str, BlobInfo]:
        """The namespaces that have a blob: see `sharing`."""
        return sharing.holders(self.root, self._database, digest)

    def adopt(self, digest: str, labels: Mapping[str, str]) -> None:
        """Takes a blob from another namespace: see `sharing`. Raises AlreadyExists, NotFound."""
        sharing.adopt(self.root, self._database, self._scope, digest, labels)

    def open_shared(self, digest: str) -> BinaryIO:
        """A blob that some namespace has. Raises NotFound."""
        if not self.holders(digest):
            raise NotFound(f"no namespace has {digest}")
        return open(blob_path(self.root, digest), "rb")

    def walk(self) -> Iterator[BlobInfo]:
        """As the protocol says."""
        with self._database.reading() as connection:
            found = records.find_all(connection, self._scope.namespace)
        yield from found

    def update(self, digest: str, labels: Mapping[str, str], *, replace: bool = False) -> BlobInfo:
        """As the protocol says."""
        with self._database.writing() as connection:
            found = records.find(connection, self._scope.namespace, digest)
            if found is None:
                raise NotFound(f"the content store has no {digest}")
            after = found.replace(
                labels=changed(found.labels, labels, replace=replace), updated=self._database.now()
            )
            records.update(connection, self._scope.namespace, after)
        return after

    def delete(self, digest: str) -> None:
        """As the protocol says."""
        with self._database.writing() as connection:
            if not records.delete(connection, self._scope.namespace, digest):
                raise NotFound(f"the content store has no {digest}")
            release(connection, self._scope, Resource("content", digest))
        self._remove_unknown(digest)

    def writer(self, reference: str, *, total: int = 0, expected: str = "") -> LocalContentWriter:
        """As the protocol says. Raises FailedPrecondition too: it was begun with another digest or size."""
        if not reference:
            raise InvalidArgument("an ingest needs a name")
        if expected and self._take_over(expected):
            raise AlreadyExists(f"the content store has {expected} already")
        ingest = Ingest.lock(ingest_folder(self.root, self._scope.namespace, reference))
        try:
            if expected and self._take_over(expected):  # who had the ingest until now has made the blob
                ingest.discard()
                raise AlreadyExists(f"the content store has {expected} already")
            name = f"{self._scope.namespace}/{reference}"
            ingest.begin(name, self._database.now(), total, expected)
            if self._scope.lease:
                with self._database.writing() as connection:
                    protect(connection, self._scope, Resource("ingests", reference))
        except BaseException:
            ingest.close()
            raise
        return LocalContentWriter(
            self.root,
            self._database,
            self._scope,
            ingest,
            reference=reference,
            total=total,
            expected=expected,
        )

    def _take_over(self, digest: str) -> bool:
        """Whether a blob is there. One of another namespace, or left without a row by a kill, is ours from now on."""
        path = blob_path(self.root, digest)
        if not os.path.exists(path):
            return False
        with self._database.reading() as connection:
            unknown = not records.is_known(connection, digest)
        if unknown and not has_digest(path, digest):
            return False
        with self._database.writing() as connection:
            known = records.anywhere(connection, digest)
            if (
                not os.path.exists(path)
                or (not known and not unknown)
                or (known and not is_whole(path, known))
            ):
                return False
            if records.find(connection, self._scope.namespace, digest) is None:
                size, now = os.stat(path).st_size, self._database.now()
                records.insert(connection, self._scope.namespace, digest, size, now, {})
            protect(connection, self._scope, Resource("content", digest))
        return True

    def check(self, digest: str, *, note: bool = True) -> Damage | None:
        """Reads a blob, and notes whether it is damaged; as `check_blob`."""
        return check_blob(self.root, self._database, digest, note=note)

    def status(self, reference: str) -> IngestStatus:
        """As the protocol says."""
        folder = ingest_folder(self.root, self._scope.namespace, reference)
        found = read_status(folder, self._scope.namespace)
        if found is None:
            raise NotFound(f"there is no ingest {reference!r}")
        return found

    def statuses(self) -> list[IngestStatus]:
        """As the protocol says, by name."""
        folders = (folder for folder in ingest_folders(self.root) if not folder.endswith(REMOVED))
        found = (read_status(folder, self._scope.namespace) for folder in folders)
        return sorted(status for status in found if status is not None)

    def abort(self, reference: str) -> None:
        """As the protocol says. Raises Unavailable while another process writes it."""
        self.status(reference)
        Ingest.lock(ingest_folder(self.root, self._scope.namespace, reference)).discard()

    def cleanup(self) -> None:
        """Removes files that no namespace knows, and ingests that nobody will go on with."""
        for digest, _ in list(blob_files(self.root)):
            self._remove_unknown(digest)
        remove_abandoned(self.root, self._database)

    def _remove_unknown(self, digest: str) -> None:
        """Removes a blob's file unless a namespace has it: no writer can be about to say so, under the write lock."""
        with self._database.reading() as connection:
            if records.is_known(connection, digest):
                return
        with self._database.writing() as connection:
            if not records.is_known(connection, digest):
                path = os.path.join(self.root, "blobs", *digest.split(":", 1))
                if os.path.lexists(path):
                    os.unlink(path)


def _check_size(path: str, info: BlobInfo) -> None:
    """Raises NotFound for a file that is missing, has another size or is noted: a pull brings it again."""
    if is_noted(info.labels):
        raise NotFound(f"the file of {info.digest} is damaged: pull it again")
    try:
        size = os.stat(path).st_size
    except FileNotFoundError:
        raise NotFound(f"the file of {info.digest} is missing: pull it again") from None
    if size != info.size:
        raise NotFound(f"the file of {info.digest} is damaged ({size} bytes, not {info.size}): pull it again")
