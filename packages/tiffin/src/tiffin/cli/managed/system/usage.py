"""`system df` of a manager: what takes the disk, and what of it a collection gives back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tiffin.cli.managed.opening import open_managed
from tiffin.cli.managed.system.look import look
from tiffin.cli.system.usage import HEADINGS, shown
from tiffin.cli.text_table import print_table
from tiffin.image.store.disk_usage import KindUsage

if TYPE_CHECKING:
    from tiffin.cli.managed.system.stored import Stored
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Prints a row for each kind."""
    with open_managed(arguments.address, arguments.namespace) as containers:
        rows = rows_of(containers.loop.run(look))
    if arguments.switch("json"):
        print(json.dumps([dict(zip(row._fields, row, strict=True)) for row in rows], indent=2))
    else:
        print_table(HEADINGS, [shown(row) for row in rows])
    return 0


def rows_of(stored: Stored) -> list[KindUsage]:
    """Content, a row for each snapshotter that has any, and what is being written."""
    kept = stored.kept()
    rows = []
    for kind in sorted({kind for kind, _ in stored.items}):
        items = [item for item in stored.items.values() if item.key[0] == kind]
        free = [item.size for item in items if item.key not in kept]
        rows.append(KindUsage(kind, len(items), sum(item.size for item in items), len(free), sum(free)))
    return [*rows, KindUsage("ingests", len(stored.ingests), sum(stored.ingests), 0, 0)]
