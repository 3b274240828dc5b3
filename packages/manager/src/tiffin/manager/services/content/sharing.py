"""Blobs of other namespaces: who names the digest of one needs not bring its bytes, where that is allowed.

containerd's policy `shared` allows it for all namespaces, `isolated` for the blobs of those with a label. Labels of a
blob are each namespace's own.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, cast

from tiffin.image.errors import DigestMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from tiffin.image.content.local import LocalContentStore
    from tiffin.image.content.protocol import BlobInfo
    from tiffin.image.content.writer import LocalContentWriter
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.manager.metadata.stores import Stores

SHAREABLE = "containerd.io/namespace.shareable"
BLOCK = 1024 * 1024


def shared_blob(stores: Stores, scope: Scope, digest: str, size: int) -> BlobInfo | None:
    """A whole blob of another namespace that may be used. size: what the client expects; 0 if it does not know."""
    holders = stores.content(scope).holders(digest)
    if not stores.isolated:
        allowed = set(holders)
    else:
        labels = stores.namespaces.list()
        allowed = {name for name in holders if labels.get(name, {}).get(SHAREABLE) == "true"}
    found = next((holders[name] for name in sorted(allowed)), None)
    return found if found is not None and size in (0, found.size) else None


class SharedWriter:
    """Looks like an ingest that is complete; commit makes the blob the namespace's own, too."""

    def __init__(self, content: LocalContentStore, info: BlobInfo) -> None:
        self._content = content
        self._info = info
        self.offset = info.size

    def digest(self) -> str:
        """Of the blob."""
        return self._info.digest

    def times(self) -> tuple[int, int]:
        """When it was begun and last written, in nanoseconds since 1970."""
        return self._info.created, self._info.created

    def commit(self, *, size: int = 0, digest: str = "", labels: Mapping[str, str] | None = None) -> str:
        """Raises DigestMismatch, AlreadyExists, and NotFound if the blob was collected meanwhile."""
        if size not in (0, self._info.size) or digest not in ("", self._info.digest):
            raise DigestMismatch(
                f"the blob is {self._info.digest} with {self._info.size} bytes, not {digest} with {size}"
            )
        self._content.adopt(self._info.digest, labels or {})
        return self._info.digest

    def copy_to(self, writer: LocalContentWriter) -> None:
        """Writes all of it to an ingest."""
        with self._content.open_shared(self._info.digest) as file:
            shutil.copyfileobj(file, cast("IO[bytes]", writer), BLOCK)

    def close(self) -> None:
        """Nothing is held."""
