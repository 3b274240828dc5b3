"""`Finding`: one thing that is wrong in a store."""

from __future__ import annotations

from enum import Enum

from tiffin.runtime.record import Record


class Kind(Enum):
    """What is wrong."""

    DATABASE = "the database is damaged"
    BLOB_MISSING = "the file of a blob is missing"
    BLOB_RESIZED = "a blob has another size"
    BLOB_CHANGED = "a blob has another digest"
    SNAPSHOT_MISSING = "the folder of a snapshot is missing"
    SNAPSHOT_CHANGED = "files of a snapshot were changed"
    CONTENT_UNKNOWN = "an image lacks a manifest, a config or a layer"
    SNAPSHOT_UNKNOWN = "an image lacks its snapshot"


class Finding(Record):
    """kind: what is wrong. what: the digest, the snapshot's key or the file. name: an image that has it, or "".

    text: for people: what is wrong and what to do.
    """

    kind: Kind
    what: str
    name: str
    text: str
