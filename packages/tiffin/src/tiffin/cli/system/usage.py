"""`tiffin system df`: what takes the disk, and what of it `tiffin system prune` would give back."""

from __future__ import annotations

import json
import os

from tiffin.cli.run.host import Host
from tiffin.cli.text_table import print_table
from tiffin.image.snapshots.tree import measured
from tiffin.image.store.containers import roots_of, used_chains
from tiffin.image.store.disk_usage import KindUsage, disk_usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments

HEADINGS = ("KIND", "COUNT", "SIZE", "RECLAIMABLE")
WRITTEN = ("upper", "volumes")  # of a container's folder


def main(arguments: Arguments) -> int:
    """Prints a row for each kind."""
    host = Host.enter(arguments).swept()
    store = host.store
    with used_chains(store) as used:
        rows = [*disk_usage(store, roots_of(store, used)), _folders("containers", store.containers, WRITTEN)]
    rows.append(_folders("volumes", host.volumes, ("",)))
    if arguments.switch("json"):
        print(json.dumps([dict(zip(row._fields, row, strict=True)) for row in rows], indent=2))
    else:
        print_table(HEADINGS, [shown(row) for row in rows])
    return 0


def shown(row: KindUsage) -> tuple[str, ...]:
    """A row of the table."""
    return row.kind, str(row.number), f"{row.size / 1e6:.1f} MB", f"{row.free_size / 1e6:.1f} MB"


def _folders(kind: str, above: str, parts: tuple[str, ...]) -> KindUsage:
    """The folders in `above`, each counted with what is in its `parts`. Only `tiffin rm` removes them."""
    found = sorted(os.listdir(above)) if os.path.isdir(above) else []
    folders = [path for name in found if name[0] != "." and os.path.isdir(path := os.path.join(above, name))]
    inside = [os.path.join(folder, part) for folder in folders for part in parts]
    size = sum(measured(path)[0].size for path in inside if os.path.isdir(path))
    return KindUsage(kind, len(folders), size, 0, 0)
