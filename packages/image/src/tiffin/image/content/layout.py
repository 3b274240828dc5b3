"""Where a content store keeps what, as containerd does.

<root>/blobs/<algorithm>/<encoded>   a blob; it gets this name when all of it is on the disk
<root>/ingest/<sha256 of the name>/  data       what was written so far; its lock is held by who writes
                                     ref        <namespace>/<name of the ingest>
                                     startedat, updatedat   times as in RFC 3339
                                     total      bytes that are expected, if known
                                     expected   the digest that is expected, if known (ours)
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from tiffin.image.content.protocol import IngestStatus
from tiffin.image.digest import ALGORITHMS, digest_of, split_digest
from tiffin.image.durable import write_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1_000_000_000


def blob_path(root: str, digest: str) -> str:
    """The file of a blob. Raises InvalidImage if the digest is none."""
    return os.path.join(root, "blobs", *split_digest(digest))


def blob_files(root: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All files that are called like blobs, with their digests, whether or not they are known to the database."""
    for algorithm in ALGORITHMS:
        folder = os.path.join(root, "blobs", algorithm)
        if os.path.isdir(folder):
            for entry in os.scandir(folder):
                yield f"{algorithm}:{entry.name}", entry


def ingest_folder(root: str, namespace: str, reference: str) -> str:
    """The folder of an ingest."""
    return os.path.join(root, "ingest", digest_of(f"{namespace}/{reference}".encode()).partition(":")[2])


def ingest_folders(root: str) -> list[str]:
    """The folders of all ingests, of all namespaces, and of what is being removed."""
    folder = os.path.join(root, "ingest")
    if not os.path.isdir(folder):
        return []
    return sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())


def read_text(folder: str, name: str) -> str:
    """A small file of an ingest; "" if it is not there (yet)."""
    try:
        with open(os.path.join(folder, name)) as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def write_time(folder: str, name: str, moment: int) -> None:
    """Writes a time, in nanoseconds since 1970, as Go's time.MarshalText does. Raises OSError."""
    text = datetime.fromtimestamp(moment // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    write_file(os.path.join(folder, name), f"{text}.{moment % SECOND:09d}Z".encode())


def read_time(folder: str, name: str) -> int:
    """Nanoseconds since 1970; 0 if there is none, or none that can be read."""
    seconds, _, rest = read_text(folder, name).strip().removesuffix("Z").partition(".")
    try:
        moment = datetime.fromisoformat(seconds).replace(tzinfo=UTC)
        return int(moment.timestamp()) * SECOND + int(rest.ljust(9, "0") or 0)
    except ValueError:
        return 0


def read_status(folder: str, namespace: str) -> IngestStatus | None:
    """What an ingest's folder says; None if it is another namespace's, or was not finished or not begun."""
    owner, _, reference = read_text(folder, "ref").partition("/")
    if owner != namespace or not reference:
        return None
    try:
        offset = os.stat(os.path.join(folder, "data")).st_size
    except FileNotFoundError:
        return None
    total = read_text(folder, "total").strip()
    return IngestStatus(
        reference,
        offset,
        int(total) if total.isdecimal() else 0,
        read_text(folder, "expected").strip(),
        read_time(folder, "startedat"),
        read_time(folder, "updatedat"),
    )
