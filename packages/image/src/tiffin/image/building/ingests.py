"""Names of what a build writes to the content store: each is used once, so that builds never wait for each other."""

from __future__ import annotations

import secrets
from contextlib import suppress

from tiffin.image.errors import NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.content.local import LocalContentStore

START = "build-"


def ingest_name() -> str:
    """A new name."""
    return f"{START}{secrets.token_hex(8)}"


def discard_left(content: LocalContentStore) -> None:
    """Removes what killed builds have begun; what is being written stays. Raises OSError."""
    for status in content.statuses():
        if status.reference.startswith(START):
            with suppress(NotFound, Unavailable):
                content.abort(status.reference)
