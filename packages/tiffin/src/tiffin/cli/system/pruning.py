"""`tiffin system prune`: removes what nothing keeps; with --all also images that nothing uses and nobody pinned."""

from __future__ import annotations

from tiffin.cli.run.host import Host
from tiffin.image.store.containers import roots_of, used_chains
from tiffin.image.store.disk_usage import disk_usage
from tiffin.image.store.names import list_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.cli.parse import Arguments
    from tiffin.image.store.store import Store


def main(arguments: Arguments) -> int:
    """Prints what was removed, and how much the disk has back."""
    store = Host.enter(arguments).swept().store
    with used_chains(store) as used:
        if arguments.switch("all"):
            _remove_names(store, used)
        roots = list(roots_of(store, used))
        before = sum(row.size for row in disk_usage(store, roots))
        collected = store.collect(roots)
        after = sum(row.size for row in disk_usage(store, roots))
    for node in collected.removed:
        print(f"{node.kind} {node.id}")
    print(f"{max(before - after, 0) / 1e6:.1f} MB reclaimed")
    return 0


def _remove_names(store: Store, used: Mapping[str, str]) -> None:
    for image in list_named(store):
        if image.chain_id not in used and not image.pinned:
            store.images.delete(image.name)
            print(f"images {image.name}")
