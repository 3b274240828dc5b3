"""`container.json`: what is known of a container, in its folder."""

from __future__ import annotations

import os

from tiffin.cli.containers.json_file import write_json
from tiffin.cli.failure import CommandFailed
from tiffin.image.store.containers import RECORD
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import JSONError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.execute import Executor


class ContainerRecord(Record):
    """One container.

    runtime: path of the OCI runtime that made it, "" for tiffin's own. state: that runtime's state directory.
    remove: --rm. created: seconds since the epoch. stop_timeout: seconds.
    ended: the runtime holds nothing of it any more. exit_code: None while it runs, or if nobody saw its end.
    """

    name: str
    short_id: str
    image: str
    chain_id: str
    command: str
    runtime: str
    state: str
    remove: bool
    created: int
    labels: dict[str, str]
    stop_signal: str
    stop_timeout: int
    ended: bool = False
    exit_code: int | None = None

    def executor(self) -> Executor:
        """Who executes it."""
        from tiffin.cli.execute import executor_for

        return executor_for(self.runtime, self.state)

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return not self.ended and self.executor().is_alive(self.name)


def write_record(folder: str, record: ContainerRecord) -> None:
    """Writes the record in one step, so that a reader never sees half of it."""
    tree = dict(zip(record._fields, record, strict=True))
    partial = os.path.join(folder, f"{RECORD}.new")
    write_json(partial, tree)
    os.rename(partial, os.path.join(folder, RECORD))


def read_record(folder: str) -> ContainerRecord | None:
    """The record; None if the folder's maker was killed before it wrote one, or it is damaged."""
    try:
        with open(os.path.join(folder, RECORD), "rb") as file:
            tree = decode(file.read())
    except (FileNotFoundError, NotADirectoryError, JSONError):
        return None
    if not isinstance(tree, dict) or set(tree) != set(ContainerRecord._fields):
        return None
    return ContainerRecord(**tree)


def find_record(containers: str, name: str) -> ContainerRecord:
    """The record of a container that a user has named. Raises CommandFailed if there is none."""
    from tiffin.cli.containers.folder import check_name

    check_name(name)
    record = read_record(os.path.join(containers, name))
    if record is None:
        raise CommandFailed(f"there is no container {name!r} (`tiffin ps --all` lists them)")
    return record
