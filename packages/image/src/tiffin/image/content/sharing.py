"""One file for all namespaces: who has a blob, and giving it to another namespace without bringing its bytes again."""

from __future__ import annotations

from tiffin.image.content import records
from tiffin.image.content.checking import is_whole
from tiffin.image.content.layout import blob_path
from tiffin.image.errors import AlreadyExists, NotFound
from tiffin.image.metadata.leases import protect
from tiffin.image.metadata.protocol import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.image.content.protocol import BlobInfo
    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope


def holders(root: str, database: Database, digest: str) -> dict[str, BlobInfo]:
    """The namespaces that have a blob, by name; none if it is damaged. Raises InvalidImage: it is no digest."""
    path = blob_path(root, digest)
    with database.reading() as connection:
        found = records.by_namespace(connection, digest)
    return found if is_whole(path, list(found.values())) else {}


def adopt(root: str, database: Database, scope: Scope, digest: str, labels: Mapping[str, str]) -> None:
    """Gives a namespace a blob that another has, with labels of its own; the lease of the scope protects it.

    Raises:
        AlreadyExists: it has it. NotFound: nobody has it (any more), or it is damaged.
    """
    path = blob_path(root, digest)
    with database.writing() as connection:
        found = records.by_namespace(connection, digest)
        if not is_whole(path, list(found.values())):
            raise NotFound(f"no namespace has {digest} (any more)")
        exists = scope.namespace in found
        if not exists:
            size = next(iter(found.values())).size
            records.insert(connection, scope.namespace, digest, size, database.now(), labels)
        protect(connection, scope, Resource("content", digest))
    if exists:
        raise AlreadyExists(f"the content store has {digest} already")
