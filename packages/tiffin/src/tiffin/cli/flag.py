"""What the table of commands is made of."""

from __future__ import annotations

from tiffin.runtime.record import Record


class Flag(Record):
    """One flag: its names without dashes, the first is its key.

    kind: `switch`, `text`, or `texts` (may be given more than once). value: what its value is called in the help.
    """

    names: tuple[str, ...]
    kind: str
    value: str
    help: str

    @property
    def key(self) -> str:
        """How the program asks for it."""
        return self.names[0]


class Command(Record):
    """One command.

    arguments: what they are called in the help; at least `fewest` and at most `most` (-1: any number).
    module: has `main`. flags: None if the module reads its own arguments.
    line: the arguments are a command line: the first one ends the flags, as for `run`.
    managed: it can be asked of a manager, too (`--address`). failed: its exit code where tiffin itself fails.
    """

    name: str
    arguments: str
    fewest: int
    most: int
    summary: str
    module: str
    flags: tuple[Flag, ...] | None = ()
    line: bool = False
    managed: bool = False
    failed: int = 125
