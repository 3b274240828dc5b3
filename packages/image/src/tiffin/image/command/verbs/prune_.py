"""`tiffin-image prune`: what nothing keeps is removed from the local store."""

from __future__ import annotations

import click

from tiffin.image.command.options import Verb, json_option
from tiffin.image.command.output import print_json
from tiffin.image.command.session import Session
from tiffin.image.command.units import bytes_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.store.store import Store


@click.command("prune", cls=Verb)
@click.option(
    "--downloads", is_flag=True, help="What unfinished pulls have fetched too: they can go on for a day."
)
@click.option("--build-cache", is_flag=True, help="The results of builds, and the cache folders of RUN, too.")
@json_option
@click.pass_obj
def prune(session: Session, *, downloads: bool, build_cache: bool, as_json: bool) -> None:
    """Removes content and files that no image, container or lease keeps; images stay (see `remove --all`)."""
    from tiffin.image.store.containers import roots_of, used_chains

    store = session.store()
    if build_cache:
        from tiffin.image.building.build import prune_builds

        prune_builds(store)
    with used_chains(store) as used:
        sizes = _sizes(store)
        aborted = _abort(store) if downloads else 0
        collected = store.collect(roots_of(store, used))
    freed = aborted + sum(sizes.get((node.kind, node.id), 0) for node in collected.removed)
    if as_json:
        removed = [{"kind": node.kind, "id": node.id} for node in collected.removed]
        print_json({"removed": removed, "freed": freed, "kept": collected.kept})
        return
    for node in collected.removed:
        print(f"{node.kind} {node.id}")
    print(f"Freed {bytes_text(freed)}")


def _sizes(store: Store) -> dict[tuple[str, str], int]:
    """What each blob and each snapshot takes, by kind and id."""
    snapshots = store.snapshots
    found = {("content", info.digest): info.size for info in store.content.walk()}
    return found | {
        (f"snapshots/{snapshots.name}", one.key): snapshots.usage(one.key).size for one in snapshots.walk()
    }


def _abort(store: Store) -> int:
    """Throws away what unfinished pulls have left, unless one is at it; how much that was, in bytes."""
    from tiffin.image.errors import NotFound, Unavailable

    freed = 0
    for status in store.content.statuses():
        try:
            store.content.abort(status.reference)
        except (NotFound, Unavailable):  # finished just now, or being written
            continue
        freed += status.offset
    return freed
