"""`MessageTable`: messages of containerd's API as rows, for containers and for sandboxes.

A row has the whole message as it goes over the wire, so that a list of thousands is put together without decoding
one; and in columns what is looked for: by filters, and by a collection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from google.protobuf.message import Message

from tiffin.image.errors import AlreadyExists, InvalidArgument, NotFound
from tiffin.image.metadata.labels import changed, from_text, to_text
from tiffin.image.metadata.namespaces import is_identifier, note_use
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping

    from tiffin.image.metadata.database import Database
    from tiffin.manager.filters.filter import Field, Filter

M = TypeVar("M", bound=Message)
PAGE = 256  # rows


class Row(Record):
    """What is known of a message without decoding it. facts: the columns by name."""

    id: str
    facts: Mapping[str, str]
    labels: Mapping[str, str]
    message: bytes


class Kind(Record):
    """What a table holds.

    table: its name. what: for errors. type: the message's class. name: the field with the id.
    facts: the columns beside id, labels and message, and what of a message is in them.
    check: raises InvalidArgument for what cannot be stored. fields: for filters.
    """

    table: str
    what: str
    type: type[Any]
    name: str
    columns: tuple[str, ...]
    facts: Callable[[Any], tuple[str, ...]]
    check: Callable[[Any], None]
    fields: Callable[[Row], Field]


class MessageTable(Generic[M]):
    """The messages of one namespace."""

    def __init__(self, kind: Kind, database: Database, namespace: str) -> None:
        self._kind = kind
        self._database = database
        self._namespace = namespace
        names = ", ".join(("id", *kind.columns, "labels", "message"))
        self._query = f"SELECT {names} FROM {kind.table} WHERE namespace = ?"

    def get(self, name: str) -> M:
        """Raises NotFound."""
        return self._decoded(self.encoded(name))

    def encoded(self, name: str) -> bytes:
        """As it is on the wire. Raises NotFound."""
        with self._database.reading() as connection:
            return self._row(connection, name).message

    def select(self, wanted: Filter) -> Iterator[bytes]:
        """All that a filter selects, by id, as they are on the wire, in one transaction: not to be read slowly."""
        with self._database.reading() as connection:
            if wanted.is_everything:
                query = f"SELECT message FROM {self._kind.table} WHERE namespace = ? ORDER BY id"
                for (message,) in connection.execute(query, (self._namespace,)):
                    yield message
                return
            rows = map(self._made, connection.execute(f"{self._query} ORDER BY id", (self._namespace,)))
            for row in wanted.select(rows, self._kind.fields):
                yield row.message

    def pages(self, wanted: Filter) -> Iterator[list[bytes]]:
        """The same in parts: what is added or removed meanwhile may be in it or not, all else is, once."""
        query, last = f"{self._query} AND id > ? ORDER BY id LIMIT {PAGE}", ""
        while True:
            with self._database.reading() as connection:
                rows = [self._made(row) for row in connection.execute(query, (self._namespace, last))]
            if not rows:
                return
            last = rows[-1].id
            yield [row.message for row in wanted.select(rows, self._kind.fields)]

    def create(self, message: M) -> M:
        """Stores a copy with the time of now, and without empty labels; what is stored.

        Raises InvalidArgument, AlreadyExists.
        """
        made = self._stamped(message, created=None)
        name = self._name(made)
        columns = ", ".join(("namespace", "id", *self._kind.columns, "labels", "message"))
        values = (self._namespace, name, *self._values(made))
        marks = ", ".join("?" * len(values))
        query = f"INSERT OR IGNORE INTO {self._kind.table} ({columns}) VALUES ({marks})"
        with self._database.writing() as connection:
            note_use(connection, self._namespace)
            if not connection.execute(query, values).rowcount:
                raise AlreadyExists(f"{self._kind.what} {name!r}")
        return made

    def update(self, name: str, change: Callable[[M], None]) -> M:
        """Changes one in place; nobody else can meanwhile. Raises NotFound, InvalidArgument, and what `change` does."""
        columns = ", ".join(f"{column} = ?" for column in (*self._kind.columns, "labels", "message"))
        query = f"UPDATE {self._kind.table} SET {columns} WHERE namespace = ? AND id = ?"
        with self._database.writing() as connection:
            before = self._decoded(self._row(connection, name).message)
            after = self._decoded(before.SerializeToString())
            change(after)
            made = self._stamped(after, created=before)
            connection.execute(query, (*self._values(made), self._namespace, name))
        return made

    def delete(self, name: str) -> None:
        """Raises NotFound."""
        query = f"DELETE FROM {self._kind.table} WHERE namespace = ? AND id = ?"
        with self._database.writing() as connection:
            if not connection.execute(query, (self._namespace, name)).rowcount:
                raise NotFound(f"{self._kind.what} {name!r} in namespace {self._namespace!r}")

    def _row(self, connection: sqlite3.Connection, name: str) -> Row:
        row = connection.execute(f"{self._query} AND id = ?", (self._namespace, name)).fetchone()
        if row is None:
            raise NotFound(f"{self._kind.what} {name!r} in namespace {self._namespace!r}")
        return self._made(row)

    def _made(self, row: tuple[Any, ...]) -> Row:
        name, *facts, labels, message = row
        return Row(name, dict(zip(self._kind.columns, facts, strict=True)), from_text(labels), message)

    def _decoded(self, data: bytes) -> M:
        message: M = self._kind.type.FromString(data)
        return message

    def _name(self, message: M) -> str:
        return str(getattr(message, self._kind.name))

    def _stamped(self, message: M, created: M | None) -> M:
        """A copy that can be stored. created: what it was before. Raises InvalidArgument."""
        made: Any = self._decoded(message.SerializeToString())
        name = self._name(made)
        if not is_identifier(name):
            raise InvalidArgument(f"{self._kind.what} id: {name[:100]!r} is no identifier")
        self._kind.check(made)
        labels = changed({}, made.labels)
        made.labels.clear()
        made.labels.update(labels)
        now = self._database.now()
        made.updated_at.FromNanoseconds(now)
        if created is None:
            made.created_at.FromNanoseconds(now)
        else:
            made.created_at.CopyFrom(created.created_at)  # type: ignore[attr-defined]  # both have it
        return self._decoded(made.SerializeToString())

    def _values(self, message: M) -> tuple[str | bytes, ...]:
        """The columns from the facts on."""
        labels = to_text(message.labels)  # type: ignore[attr-defined]  # both have them
        return (*self._kind.facts(message), labels, message.SerializeToString(deterministic=True))
