"""Taking a blob over from another repository of the same registry.

Source: distribution-spec, "Mounting a blob from another repository".
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urljoin

from tiffin.image.errors import ImageFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.registry.connection import Call, Connection


def mount(connection: Connection, call: Call, digest: str, source: str) -> bool:
    """Asks the registry to take a blob over from another of its repositories; whether it did."""
    query = (("mount", digest), ("from", source))
    scopes = (*call.scopes, f"repository:{source}:pull")
    path = f"/{call.repository}/blobs/uploads/"
    asked = call.replace(
        what=f"mounting blob {digest}",
        method="POST",
        path=path,
        query=query,
        scopes=scopes,
        expected=(201, 202),
    )
    with connection.request(asked) as answer:
        if answer.status == 201:
            return True
        location = answer.headers.get("Location")
        url = urljoin(answer.url, location or "")
    if location:  # it began an upload instead, which nobody will finish
        cancel = call.replace(method="DELETE", path=url, query=(), headers=())
        with suppress(ImageFailure):  # as in Upload
            connection.once(cancel).close()
    return False
