"""`Replacer`: a damaged snapshot is made anew under its own row, so that its children keep their parent."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

from tiffin.image.durable import synchronize_all
from tiffin.image.errors import NotFound
from tiffin.image.metadata.damage import Damage, is_noted
from tiffin.image.snapshots import records
from tiffin.image.snapshots.protocol import Kind
from tiffin.image.snapshots.tree import measured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.metadata.database import Database
    from tiffin.image.snapshots.backend import Backend
    from tiffin.image.snapshots.folders import Folders


class Replacer:
    """Replaces snapshots of one owner."""

    def __init__(self, database: Database, owner: records.Owner, backend: Backend, folders: Folders) -> None:
        self._database = database
        self._owner = owner
        self._backend = backend
        self._folders = folders

    @contextmanager
    def replacing(self, key: str) -> Iterator[str]:
        """A new folder for a damaged snapshot; what the block fills it with takes the damaged tree's place at the end.

        Containers that run on the damaged tree keep it: their mounts lead to the old folder, whatever it is called now,
        and a collection removes it once no process has such a mount. A container that is started again, and every
        new one, gets the new tree. A kill before the end leaves the snapshot noted as damaged, for the next pull.

        Raises:
            NotFound: there is no such snapshot, or it was removed meanwhile. OSError: as the disk says.
        """
        row, parents = self._noted(key)
        with self._folders.new() as folder:
            self._backend.fill(folder, Kind.ACTIVE, parents)
            yield self._backend.data(folder)
            self._take_place(row, folder)

    def _noted(self, key: str) -> tuple[records.Row, tuple[str, ...]]:
        """The row, noted as damaged, and what the new folder is filled from first."""
        with self._database.writing() as connection:
            row = records.get(connection, self._owner, key)
            if not is_noted(
                row.info.labels
            ):  # else a kill could leave a new folder under the old fingerprint
                records.note(connection, row.id, Damage.MISSING)
                row = records.get(connection, self._owner, key)
            chain = () if self._backend.stacks else records.ancestors(connection, row.id)
        return row, tuple(map(self._folders.path, chain))

    def _take_place(self, row: records.Row, folder: str) -> None:
        synchronize_all(folder)
        usage, fingerprint = measured(self._backend.data(folder))
        with self._database.writing() as connection, ExitStack() as undo:
            now = records.get(connection, self._owner, row.info.key)
            if now.id != row.id:
                raise NotFound(f"the snapshot {row.info.key!r} was replaced meanwhile")
            if not is_noted(now.info.labels):
                return  # another process was faster
            healed = now.replace(usage=usage, fingerprint=fingerprint)
            records.heal(connection, healed, self._database.now())
            self._folders.replace(folder, row.id, undo)
            connection.execute("COMMIT")  # within `undo`: if it fails the old folder is back
            connection.execute("BEGIN")
            undo.pop_all()
