"""The names of images in the database."""

from __future__ import annotations

from tiffin.image.documents import descriptor_of
from tiffin.image.errors import AlreadyExists, InvalidArgument, NotFound
from tiffin.image.metadata.labels import GC_EXPIRE, changed, from_text, to_text
from tiffin.image.metadata.leases import protect, release
from tiffin.image.metadata.namespaces import Scope, check_identifier, note_use
from tiffin.image.metadata.protocol import Resource, StoredName
from tiffin.spec.json_tree import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    import sqlite3
    from collections.abc import Callable, Mapping
    from typing import Any

    from tiffin.image.documents import Descriptor
    from tiffin.image.metadata.database import Database

_COLUMNS = "SELECT name, target, labels, created, updated FROM images"
_PUT = """
INSERT INTO images (namespace, name, target, labels, created, updated)
VALUES (:namespace, :name, :target, coalesce(:labels, '{}'), :now, :now)
ON CONFLICT DO UPDATE SET target = :target, labels = coalesce(:labels, labels), updated = :now
"""


def descriptor_tree(descriptor: Descriptor) -> dict[str, Any]:
    """A descriptor as image-spec writes it."""
    tree: dict[str, Any] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }
    if descriptor.annotations:
        tree["annotations"] = dict(descriptor.annotations)
    if descriptor.platform is not None:
        names = ("os", "architecture", "variant")
        tree["platform"] = {name: value for name in names if (value := getattr(descriptor.platform, name))}
    return tree


class LocalImageStore:
    """`ImageStore` in a database."""

    def __init__(self, database: Database, scope: Scope | None = None) -> None:
        self._database = database
        self._scope = scope or Scope()
        check_identifier(self._scope.namespace)

    def get(self, name: str) -> StoredName:
        """As the protocol says."""
        with self._database.reading() as connection:
            values = (self._scope.namespace, name)
            row = connection.execute(f"{_COLUMNS} WHERE namespace = ? AND name = ?", values).fetchone()
        if row is None:
            raise NotFound(f"there is no image {name!r}")
        return _record(row)

    def list(self) -> builtins.list[StoredName]:
        """As the protocol says."""
        with self._database.reading() as connection:
            query = f"{_COLUMNS} WHERE namespace = ? ORDER BY name"
            return [_record(row) for row in connection.execute(query, (self._scope.namespace,))]

    def put(
        self,
        name: str,
        target: Descriptor,
        *,
        labels: Mapping[str, str] | None = None,
        replace: bool = True,
        moment: int | None = None,
    ) -> StoredName:
        """As the protocol says."""
        if not name:
            raise InvalidArgument("an image needs a name")
        values = {
            "namespace": self._scope.namespace,
            "name": name,
            "target": encode(descriptor_tree(target)),
            "labels": None if labels is None else to_text(labels),
            "now": self._database.now() if moment is None else moment,
        }
        with self._database.writing() as connection:
            query = f"{_COLUMNS} WHERE namespace = :namespace AND name = :name"
            if not replace and connection.execute(query, values).fetchone():
                raise AlreadyExists(f"there is an image {name!r} already")
            note_use(connection, self._scope.namespace)
            connection.execute(_PUT, values)
            made = _record(connection.execute(query, values).fetchone())
            self._protect(connection, made)
            return made

    def update(
        self, name: str, change: Callable[[StoredName], StoredName], *, moment: int | None = None
    ) -> StoredName:
        """As the protocol says."""
        now = self._database.now() if moment is None else moment
        values = (self._scope.namespace, name)
        with self._database.writing() as connection:
            row = connection.execute(f"{_COLUMNS} WHERE namespace = ? AND name = ?", values).fetchone()
            if row is None:
                raise NotFound(f"there is no image {name!r}")
            before = _record(row)
            after = change(before).replace(name=name, created=before.created, updated=now)
            new = (encode(descriptor_tree(after.target)), to_text(after.labels), after.updated)
            query = "UPDATE images SET target = ?, labels = ?, updated = ? WHERE namespace = ? AND name = ?"
            connection.execute(query, (*new, *values))
            self._protect(connection, after)
            return after.replace(labels=changed({}, after.labels))

    def _protect(self, connection: sqlite3.Connection, made: StoredName) -> None:
        """By the lease of the scope, as containerd does: a name keeps itself, but for one that ends by itself."""
        if made.labels.get(GC_EXPIRE):
            protect(connection, self._scope, Resource("images", made.name))

    def delete(self, name: str, *, digest: str = "") -> None:
        """As the protocol says."""
        values = (self._scope.namespace, name)
        with self._database.writing() as connection:
            row = connection.execute(f"{_COLUMNS} WHERE namespace = ? AND name = ?", values).fetchone()
            if row is None:
                raise NotFound(f"there is no image {name!r}")
            if digest and _record(row).target.digest != digest:
                raise NotFound(f"the image {name!r} is another one now, not {digest}")
            connection.execute("DELETE FROM images WHERE namespace = ? AND name = ?", values)
            release(connection, self._scope, Resource("images", name))


def _record(row: tuple[str, str, str, int, int]) -> StoredName:
    name, target, labels, created, updated = row
    return StoredName(
        name, descriptor_of(decode(target), f"the image {name!r}"), from_text(labels), created, updated
    )
