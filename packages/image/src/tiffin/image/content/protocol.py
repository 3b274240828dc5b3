"""`ContentStore`: blobs by their digests, with labels, as containerd's content service has them.

Reading needs a digest. Writing goes through an ingest, which has a name of its own (`reference`), survives the process
that began it, and becomes a blob by `commit`, once size and digest are what was expected.
"""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO, Protocol, Self
else:
    Protocol = object  # importing typing takes longer than everything that is done here


class BlobInfo(Record):
    """A blob.

    size: bytes. created, updated: nanoseconds since 1970. labels: containerd's, for collection and lookup.
    """

    digest: str
    size: int
    created: int
    updated: int
    labels: Mapping[str, str]


class IngestStatus(Record):
    """An ingest.

    offset: bytes that are there. total: bytes that are expected, 0 if unknown. expected: a digest or "".
    """

    reference: str
    offset: int
    total: int
    expected: str
    started: int
    updated: int


class ContentWriter(Protocol):
    """An open ingest; one process has it at a time. Leaving the `with` block closes it and keeps what was written."""

    @property
    def offset(self) -> int:
        """How many bytes are there, from earlier processes too."""

    def write(self, data: bytes | memoryview) -> None:
        """Appends. Raises OSError (a full disk)."""

    def truncate(self) -> None:
        """Starts again from nothing."""

    def commit(self, *, size: int = 0, digest: str = "", labels: Mapping[str, str] | None = None) -> str:
        """Makes it a blob, on disk for good; its digest.

        Raises:
            DigestMismatch: size or digest (if given) differ; the ingest is gone.
            AlreadyExists: there is such a blob already; the ingest is gone.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class ContentStore(Protocol):
    """Blobs and ingests of one namespace."""

    def info(self, digest: str) -> BlobInfo:
        """Raises NotFound."""

    def open(self, digest: str) -> BinaryIO:
        """The blob, seekable; the caller closes it. Raises NotFound."""

    def walk(self) -> Iterator[BlobInfo]:
        """All blobs, by digest."""

    def update(self, digest: str, labels: Mapping[str, str], *, replace: bool = False) -> BlobInfo:
        """Sets labels; one with an empty value is removed. replace: the others too. Raises NotFound."""

    def delete(self, digest: str) -> None:
        """Raises NotFound."""

    def writer(self, reference: str, *, total: int = 0, expected: str = "") -> ContentWriter:
        """Begins an ingest, or goes on with the one of this name.

        Raises:
            AlreadyExists: the expected blob is there. Unavailable: another process writes it.
        """

    def status(self, reference: str) -> IngestStatus:
        """Raises NotFound."""

    def statuses(self) -> list[IngestStatus]:
        """All ingests."""

    def abort(self, reference: str) -> None:
        """Throws an ingest away. Raises NotFound."""
